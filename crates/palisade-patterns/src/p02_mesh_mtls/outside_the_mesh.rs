//! Called workload outside of the mesh.

use palisade_model::{Check, CheckId, Confidence, ServiceKind, Severity, Workload};

use super::modes::uses_mesh;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::service_selects;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 1),
        slug: "outside-the-mesh",
        title: "called workload outside of the mesh",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "calls to it cross the network in plain text, and it cannot tell who calls",
        fix: "add the namespace or the pod to the mesh",
        references: &[
            "NIST SP 800-204B: service-to-service authentication",
            "NIST SP 800-207A",
            "MITRE ATT&CK T1040",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    if !uses_mesh(model) {
        return;
    }
    let outside = |known: &&Workload| {
        // The node's network is a cause of its own.
        let on_node = known.security.host_network.as_ref();
        !known.mesh.is_member() && on_node.is_none_or(|fact| !fact.value)
    };
    for workload in model.workloads.iter().filter(outside) {
        let service = model
            .services_in(&workload.namespace)
            .iter()
            .find(|service| {
                service.kind.value != ServiceKind::ExternalName
                    && service_selects(service, workload)
            });
        let Some(service) = service else { continue };
        let message = format!(
            "workload `{}` is called through service `{}` and is not in the mesh",
            workload.id.name(),
            service.name
        );
        let place = left_at(workload).unwrap_or(&workload.origin);
        let report = Report::new(&workload.id, place, &workload.content, message)
            .label("no proxy takes its traffic")
            .related(&service.origin, "callers use this service");
        findings.add(check, report);
    }
}

/// The setting that takes the workload out of the mesh, where there is one.
fn left_at(workload: &Workload) -> Option<&palisade_model::Origin> {
    let mesh = &workload.mesh;
    [&mesh.istio_sidecar, &mesh.istio_ambient, &mesh.linkerd]
        .into_iter()
        .flatten()
        .find(|fact| !fact.value)
        .map(|fact| &fact.origin)
}

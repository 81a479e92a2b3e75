//! Meshed workload on the node's network.

use palisade_model::{Check, CheckId, Confidence, Origin, Severity, Workload};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 14),
        slug: "host-network-in-mesh",
        title: "meshed workload on the node's network",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the proxy is not added to such pods, so its traffic is plain text although its namespace is in the mesh",
        fix: "remove `hostNetwork: true`, or take the workload out of the mesh and protect it otherwise",
        references: &[
            "Istio: Sidecar injection, pods on the host network",
            "NIST SP 800-204B: service-to-service authentication",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in &context.model.workloads {
        let Some(fact) = workload
            .security
            .host_network
            .as_ref()
            .filter(|fact| fact.value)
        else {
            continue;
        };
        if !is_claimed(workload, &fact.origin) {
            continue;
        }
        let message = format!(
            "workload `{}` is on the node's network, where the mesh adds no proxy",
            workload.id.name()
        );
        let report = Report::new(&workload.id, &fact.origin, &workload.content, message)
            .label("no proxy takes this pod's traffic")
            .replacing(&fact.origin, "false");
        findings.add(check, report);
    }
}

/// Whether the pod or its namespace asks for a proxy. The model then says that there is none, and
/// points at the node's network as the reason.
fn is_claimed(workload: &Workload, reason: &Origin) -> bool {
    let mesh = &workload.mesh;
    [&mesh.istio_sidecar, &mesh.istio_ambient, &mesh.linkerd]
        .into_iter()
        .flatten()
        .any(|fact| fact.value || fact.origin == *reason)
}

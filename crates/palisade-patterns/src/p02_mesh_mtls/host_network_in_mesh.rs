//! Meshed workload on the node's network.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::modes::in_istio;
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
            "NIST SP 800-204B: 4.1",
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
        let linkerd = workload
            .mesh
            .linkerd
            .as_ref()
            .is_some_and(|fact| fact.value);
        if !in_istio(workload) && !linkerd {
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

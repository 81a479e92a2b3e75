//! Workload on the node's network, which no network policy isolates.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{network_policies, policy_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 6),
        slug: "host-network-bypasses-policy",
        title: "workload on the node's network, which no network policy isolates",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the workload reaches everything that the node reaches, the metadata service and the kubelet included, whatever the policies say",
        fix: "remove `hostNetwork: true`, or keep the workload in a namespace of its own that nothing else runs in",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.5",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for workload in model.declarations() {
        let Some(fact) = &workload.security.host_network else {
            continue;
        };
        // A policy that names these pods is a cause of its own.
        let policy = network_policies(model).find(|(_, policy)| {
            policy.subject.pods.is_everything() && policy_selects(model, policy, workload)
        });
        let (true, Some((control, _))) = (fact.value, policy) else {
            continue;
        };
        let message = format!(
            "workload `{}` is on the node's network, so policy `{}` does not hold for it",
            workload.id.name(),
            control.id.name()
        );
        let report = Report::new(&workload.id, &fact.origin, &workload.content, message)
            .label("the node's network is used here")
            .related(&control.origin, "this policy selects the pods in vain")
            .replacing(&fact.origin, "false");
        findings.add(check, report);
    }
}

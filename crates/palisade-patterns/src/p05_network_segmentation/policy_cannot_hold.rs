//! Policy for pods that are on the node's network.

use palisade_model::{Check, CheckId, Confidence, Severity, Workload};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{listed, network_policies, policy_selects, subject_to};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 15),
        slug: "policy-cannot-hold",
        title: "policy for pods that are on the node's network",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the pods stay open, although a policy was written for them",
        fix: "take the pods off the node's network, or guard them with a firewall on the node",
        references: &["NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in network_policies(model) {
        if policy.subject.pods.is_everything() {
            continue;
        }
        let selected: Vec<&Workload> = subject_to(model, policy)
            .iter()
            .filter(|workload| policy_selects(model, policy, workload))
            .collect();
        let on_node =
            |workload: &&Workload| !context.analysis.reachability.enforceable(&workload.id);
        if selected.is_empty() || !selected.iter().all(on_node) {
            continue;
        }
        let message = format!(
            "policy `{}` selects only pods on the node's network ({}), for which no policy holds",
            control.id.name(),
            listed(selected.iter().map(|workload| workload.name.as_str()))
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("cannot hold for these pods");
        findings.add(check, report);
    }
}

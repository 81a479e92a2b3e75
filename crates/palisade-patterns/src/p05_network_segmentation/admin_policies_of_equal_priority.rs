//! Admin policies of one priority about the same pods.

use palisade_model::{
    Check, CheckId, Confidence, Control, Model, NetworkPolicy, NetworkTier, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{network_policies, policy_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 14),
        slug: "admin-policies-of-equal-priority",
        title: "admin policies of one priority about the same pods",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "which of the two rules wins is not defined, so a denial can be lost on another network plugin or after a restart",
        fix: "give the policies different priorities",
        references: &["Kubernetes Network Policy API: AdminNetworkPolicy.spec.priority"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let ordered: Vec<(&Control, &NetworkPolicy)> = network_policies(context.model)
        .filter(|(_, policy)| policy.tier != NetworkTier::Namespaced)
        .collect();
    for (at, (control, policy)) in ordered.iter().enumerate() {
        let rival = ordered.iter().take(at).find(|(other, earlier)| {
            earlier.tier == policy.tier
                && other.kind_name == control.kind_name
                && meet(context.model, earlier, policy)
        });
        let Some((other, _)) = rival else { continue };
        let message = format!(
            "policies `{}` and `{}` have the same priority and select the same pods",
            other.id.name(),
            control.id.name()
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("the order of the two is not defined")
            .related(&other.origin, "the other policy");
        findings.add(check, report);
    }
}

/// Whether both are about one workload, or about everything.
fn meet(model: &Model, one: &NetworkPolicy, two: &NetworkPolicy) -> bool {
    one.subject == two.subject
        || model.workloads.iter().any(|workload| {
            policy_selects(model, one, workload) && policy_selects(model, two, workload)
        })
}

//! Exception that lies outside of its address block.

use palisade_model::{Check, CheckId, Confidence, NetworkPeer, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::network_policies;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 13),
        slug: "except-outside-block",
        title: "exception that lies outside of its address block",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "the API server refuses the policy, so what it should isolate stays open, or the address stays allowed that should not be",
        fix: "make each exception a part of the block that it stands in",
        references: &["Kubernetes API: NetworkPolicy IPBlock.except"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        let rules = [&policy.ingress, &policy.egress]
            .into_iter()
            .flatten()
            .flatten();
        for rule in rules {
            for peer in rule.peers.iter().flatten() {
                let NetworkPeer::Block { cidr, except } = peer else {
                    continue;
                };
                for hole in except
                    .iter()
                    .filter(|hole| !cidr.net().contains(&hole.net()))
                {
                    let message = format!(
                        "policy `{}` leaves out `{hole}`, which is no part of `{cidr}`",
                        control.id.name()
                    );
                    let report = Report::new(&control.id, &rule.origin, &control.content, message)
                        .part(format!("{cidr} except {hole}"))
                        .label("the exception is outside");
                    findings.add(check, report);
                }
            }
        }
    }
}

//! Exception from an address block that another peer allows again.

use palisade_model::{
    Check, CheckId, Cidr, Confidence, NetworkAction, NetworkPeer, NetworkRule, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::network_policies;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 13),
        slug: "exception-undone",
        title: "exception from an address block that another peer allows again",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the addresses that were left out are allowed all the same, the metadata service for example",
        fix: "leave the addresses out of the other block as well, or remove that peer",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "Kubernetes API: NetworkPolicy IPBlock.except",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        for rules in [&policy.ingress, &policy.egress].into_iter().flatten() {
            for rule in rules
                .iter()
                .filter(|rule| rule.action == NetworkAction::Allow)
            {
                for hole in holes(rule) {
                    let Some((other, block)) = allowed_again(rules, rule, hole) else {
                        continue;
                    };
                    let message = format!(
                        "policy `{}` leaves out `{hole}` and allows it again with `{block}`",
                        control.id.name()
                    );
                    let report = Report::new(&control.id, &rule.origin, &control.content, message)
                        .part(hole.to_string())
                        .label("left out here")
                        .related(&other.origin, "allowed again here");
                    findings.add(check, report);
                }
            }
        }
    }
}

fn holes(rule: &NetworkRule) -> impl Iterator<Item = Cidr> {
    rule.peers.iter().flatten().flat_map(|peer| match peer {
        NetworkPeer::Block { except, .. } => except.clone(),
        _ => Vec::new(),
    })
}

/// Another block, for the same ports or for all, that holds what was left out.
fn allowed_again<'r>(
    rules: &'r [NetworkRule],
    own: &NetworkRule,
    hole: Cidr,
) -> Option<(&'r NetworkRule, Cidr)> {
    rules
        .iter()
        .filter(|rule| rule.action == NetworkAction::Allow)
        .filter(|rule| rule.ports.is_none() || rule.ports == own.ports)
        .find_map(|rule| {
            rule.peers.iter().flatten().find_map(|peer| match peer {
                NetworkPeer::Block { cidr, except } => {
                    let covers = |block: &Cidr| block.net().contains(&hole.net());
                    (covers(cidr) && !except.iter().any(covers)).then_some((rule, *cidr))
                }
                _ => None,
            })
        })
}

//! Namespace and pod selector written as two peers instead of one.

use palisade_model::{Check, CheckId, Confidence, NetworkPeer, NetworkRule, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::network_policies;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 12),
        slug: "selectors-split-in-two",
        title: "namespace and pod selector written as two peers instead of one",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        lets: "every pod of the selected namespaces may connect, not only the pods with the labels",
        fix: "put namespaceSelector and podSelector into one list item, without a dash before the second",
        references: &["NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        let directions = [
            ("ingress", policy.ingress.as_deref()),
            ("egress", policy.egress.as_deref()),
        ];
        for (direction, rules) in directions {
            for (at, rule) in rules.unwrap_or_default().iter().enumerate() {
                let Some((namespaces, pods)) = split(rule) else {
                    continue;
                };
                let message = format!(
                    "policy `{}` allows every pod of namespaces `{namespaces}` and, apart from that, pods `{pods}`",
                    control.id.name()
                );
                let report = Report::new(&control.id, &rule.origin, &control.content, message)
                    .part(format!("{direction} {}", at + 1))
                    .label("two peers: either is enough");
                findings.add(check, report);
            }
        }
    }
}

/// A peer of namespaces alone, followed by a peer of pods alone, and nothing else.
fn split(rule: &NetworkRule) -> Option<(String, String)> {
    let [first, second] = rule.peers.as_deref()? else {
        return None;
    };
    let NetworkPeer::Pods {
        namespaces: Some(namespaces),
        pods: all,
        ..
    } = first
    else {
        return None;
    };
    let NetworkPeer::Pods {
        namespaces: None,
        namespace_names,
        pods,
    } = second
    else {
        return None;
    };
    let alone = all.is_everything() && namespace_names.is_empty();
    let narrow = !namespaces.is_everything() && !pods.is_everything();
    (alone && narrow).then(|| (namespaces.to_string(), pods.to_string()))
}

//! Allow rule for every address.

use palisade_model::{
    Check, CheckId, Confidence, NetworkAction, NetworkPeer, NetworkRule, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::network_policies;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 11),
        slug: "rule-allows-all-addresses",
        title: "allow rule for every address",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "connections from, or to, any address of the internet pass the policy",
        fix: "name the blocks that are meant, or select pods instead of addresses",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
            "MITRE ATT&CK T1041",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        let directions = [
            (
                "ingress",
                "from",
                policy.ingress.as_deref(),
                Severity::Medium,
            ),
            ("egress", "to", policy.egress.as_deref(), Severity::Low),
        ];
        for (direction, preposition, rules, severity) in directions {
            let rules = rules.unwrap_or_default();
            for (at, rule) in rules.iter().enumerate() {
                let Some(block) = whole_internet(rule) else {
                    continue;
                };
                let message = format!(
                    "policy `{}` allows connections {preposition} `{block}`, which is every address",
                    control.id.name()
                );
                let report = Report::new(&control.id, &rule.origin, &control.content, message)
                    .part(format!("{direction} {}", at + 1))
                    .severity(severity)
                    .label("every address is allowed here");
                findings.add(check, report);
            }
        }
    }
}

/// The block without holes that covers a whole address family. A rule for an egress port that is
/// named counts as well: data leaves through port 443.
fn whole_internet(rule: &NetworkRule) -> Option<String> {
    if rule.action != NetworkAction::Allow || rule.narrowed {
        return None;
    }
    rule.peers.iter().flatten().find_map(|peer| match peer {
        NetworkPeer::Block { cidr, except }
            if except.is_empty() && cidr.net().prefix_len() == 0 =>
        {
            Some(cidr.to_string())
        }
        _ => None,
    })
}

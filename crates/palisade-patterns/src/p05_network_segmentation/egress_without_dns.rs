//! Egress policy under which names cannot be resolved.

use palisade_model::{
    Check, CheckId, Confidence, Model, NetworkAction, NetworkPeer, NetworkPolicy, NetworkRule,
    Severity, Workload,
};

use super::peers::{allows_dns, names_pods};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{listed, network_policies, policy_selects, subject_to};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 10),
        slug: "egress-without-dns",
        title: "egress policy under which names cannot be resolved",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "the allowed calls fail, and the quick repair for the outage is usually a rule that allows everything",
        fix: "allow UDP and TCP port 53 to the pods of kube-dns in namespace kube-system",
        references: &["NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in network_policies(model) {
        let Some(rules) = &policy.egress else {
            continue;
        };
        // A policy that allows no pod needs no names.
        if !rules
            .iter()
            .any(|rule| rule.action == NetworkAction::Allow && calls_names(rule))
        {
            continue;
        }
        let mute: Vec<&Workload> = subject_to(model, policy)
            .iter()
            .filter(|workload| context.analysis.reachability.enforceable(&workload.id))
            .filter(|workload| policy_selects(model, policy, workload))
            .filter(|workload| !resolves(model, workload))
            .collect();
        if mute.is_empty() {
            continue;
        }
        let message = format!(
            "policy `{}` allows calls to pods, and no policy lets {} ask DNS for their names",
            control.id.name(),
            listed(mute.iter().map(|workload| workload.name.as_str()))
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("no rule allows port 53");
        findings.add(check, report);
    }
}

fn calls_names(rule: &NetworkRule) -> bool {
    let peers = rule.peers.as_deref().unwrap_or_default();
    peers.iter().any(|peer: &NetworkPeer| names_pods(peer))
}

fn resolves(model: &Model, workload: &Workload) -> bool {
    let lets = |policy: &NetworkPolicy| {
        policy
            .egress
            .iter()
            .flatten()
            .any(|rule| allows_dns(model, rule))
    };
    network_policies(model)
        .any(|(_, policy)| policy_selects(model, policy, workload) && lets(policy))
}

//! Allow rule that lets every source in.

use palisade_model::{
    Check, CheckId, Confidence, EntryKind, Model, NetworkAction, NetworkPeer, NetworkPolicy,
    NetworkRule, Severity, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{
    listed, network_policies, policy_selects, service_selects, services_of, subject_to,
};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 3),
        slug: "ingress-from-everywhere",
        title: "allow rule that lets every source in",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "any pod of the cluster, and any address that can route to it, may connect to the workload as if there was no policy",
        fix: "name the callers in `from`, with a namespaceSelector and a podSelector each",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
            "MITRE ATT&CK T1210",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in network_policies(model) {
        let rules = policy.ingress.as_deref().unwrap_or_default();
        let open = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| admits_all(rule));
        for (at, rule) in open {
            let inner = inner_workloads(model, policy);
            if inner.is_empty() {
                continue;
            }
            let message = format!(
                "policy `{}` lets every source connect to {}",
                control.id.name(),
                listed(inner.iter().map(|workload| workload.name.as_str())),
            );
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("ingress {}", at + 1))
                .label("no source is named here");
            findings.add(check, report);
        }
    }
}

fn admits_all(rule: &NetworkRule) -> bool {
    let any_pod = |peer: &NetworkPeer| match peer {
        NetworkPeer::Cluster => true,
        NetworkPeer::Pods {
            namespaces: Some(namespaces),
            namespace_names,
            pods,
        } => namespaces.is_everything() && namespace_names.is_empty() && pods.is_everything(),
        _ => false,
    };
    rule.action == NetworkAction::Allow
        && !rule.narrowed
        && rule
            .peers
            .as_ref()
            .is_none_or(|peers| peers.iter().any(any_pod))
}

/// What the policy selects, without workloads that a load balancer or node port leads to: those
/// are called from everywhere on purpose.
fn inner_workloads<'m>(model: &'m Model, policy: &NetworkPolicy) -> Vec<&'m Workload> {
    let outer: Vec<_> = model
        .entry_points
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::LoadBalancer | EntryKind::NodePort))
        .flat_map(|entry| services_of(model, entry))
        .collect();
    subject_to(model, policy)
        .iter()
        .filter(|workload| policy_selects(model, policy, workload))
        .filter(|workload| {
            !outer
                .iter()
                .any(|service| service_selects(service, workload))
        })
        .collect()
}

//! Which workloads network policies isolate.

use std::collections::BTreeMap;

use palisade_model::{
    Model, NetworkAction, NetworkPeer, NetworkPolicy, NetworkRule, NetworkTier, Workload, Zone,
};

use crate::selection::{network_policies, policy_selects};

/// Of a connection, as the selected pod sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

/// A namespace with workloads that nothing isolates.
#[derive(Debug)]
pub(super) struct OpenNamespace<'m> {
    /// The namespace.
    pub(super) zone: &'m Zone,
    /// Workloads that are not isolated.
    pub(super) exposed: Vec<&'m Workload>,
    /// How many workloads it has on pod networks.
    pub(super) workloads: usize,
}

/// Whether policies can hold for a workload at all: it has a network of its own.
pub(super) fn on_own_network(workload: &Workload) -> bool {
    let host_network = workload.security.host_network.as_ref();
    host_network.is_none_or(|fact| !fact.value)
}

/// Whether some policy makes a workload closed unless a rule opens it.
pub(super) fn isolates(policy: &NetworkPolicy, direction: Direction) -> bool {
    let rules = match direction {
        Direction::Ingress => &policy.ingress,
        Direction::Egress => &policy.egress,
    };
    match (rules, policy.tier) {
        (None, _) => false,
        (Some(rules), NetworkTier::Namespaced) => {
            rules.is_empty()
                || rules
                    .iter()
                    .any(|rule| rule.action == NetworkAction::Allow || denies_all(rule))
        }
        (Some(rules), _) => rules.iter().any(denies_all),
    }
}

fn denies_all(rule: &NetworkRule) -> bool {
    let everyone = |peer: &NetworkPeer| match peer {
        NetworkPeer::Cluster => true,
        NetworkPeer::Pods {
            namespaces: Some(namespaces),
            namespace_names,
            pods,
        } => namespaces.is_everything() && namespace_names.is_empty() && pods.is_everything(),
        NetworkPeer::Block { cidr, except } => except.is_empty() && cidr.net().prefix_len() == 0,
        _ => false,
    };
    rule.action == NetworkAction::Deny
        && !rule.narrowed
        && rule.ports.is_none()
        && rule
            .peers
            .as_ref()
            .is_none_or(|peers| peers.iter().any(everyone))
}

/// Whether some policy isolates this workload.
pub(super) fn is_isolated(model: &Model, workload: &Workload, direction: Direction) -> bool {
    network_policies(model)
        .any(|(_, policy)| isolates(policy, direction) && policy_selects(model, policy, workload))
}

/// Namespaces with a workload that is not isolated, by name.
pub(super) fn open_namespaces(model: &Model, direction: Direction) -> Vec<OpenNamespace<'_>> {
    let mut by_name: BTreeMap<&str, (usize, Vec<&Workload>)> = BTreeMap::new();
    for workload in model.workloads.iter().filter(|known| on_own_network(known)) {
        let (count, exposed) = by_name.entry(&workload.namespace).or_default();
        *count += 1;
        if !is_isolated(model, workload, direction) {
            exposed.push(workload);
        }
    }
    by_name
        .into_iter()
        .filter(|(_, (_, exposed))| !exposed.is_empty())
        .filter_map(|(name, (workloads, exposed))| {
            Some(OpenNamespace {
                zone: model.namespace(name)?,
                exposed,
                workloads,
            })
        })
        .collect()
}

//! Network policies of a model, in the order in which they are asked, with what they speak of.

use std::collections::BTreeSet;

use palisade_model::{
    Cidr, Control, ControlKind, Model, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule,
    NetworkTier, Workload,
};

use super::classes::NamedPorts;
use super::pods::{self, PodSetId, PodSets};

/// A direction, as seen from the pod that a policy selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

/// One policy with the pod sets of its subject and peers.
#[derive(Debug)]
pub(super) struct Policy<'m> {
    pub(super) control: &'m Control,
    pub(super) network: &'m NetworkPolicy,
    pub(super) subject: PodSetId,
    ingress: Vec<Rule<'m>>,
    egress: Vec<Rule<'m>>,
}

/// One rule with the pod sets of its peers.
#[derive(Debug)]
pub(super) struct Rule<'m> {
    pub(super) rule: &'m NetworkRule,
    /// Pod sets in the order of the rule's pod peers.
    pub(super) pods: Vec<PodSetId>,
}

impl<'m> Policy<'m> {
    /// Rules of a direction; `None` when the policy does not touch it.
    pub(super) fn rules(&self, direction: Direction) -> Option<&[Rule<'m>]> {
        match direction {
            Direction::Ingress => self
                .network
                .ingress
                .as_ref()
                .map(|_| self.ingress.as_slice()),
            Direction::Egress => self.network.egress.as_ref().map(|_| self.egress.as_slice()),
        }
    }

    /// Whether a rule of this direction names ports by name.
    pub(super) fn names_ports(&self, direction: Direction) -> bool {
        self.rules(direction)
            .unwrap_or_default()
            .iter()
            .filter_map(|rule| rule.rule.ports.as_ref())
            .flatten()
            .any(|port| matches!(port, NetworkPort::Named { .. }))
    }
}

/// Policies in the order in which they are asked: admin, namespaced, baseline; by priority, then id.
#[derive(Debug)]
pub(super) struct Policies<'m> {
    pub(super) list: Vec<Policy<'m>>,
    pub(super) pod_sets: PodSets,
    /// Names of ports that any rule speaks of.
    port_names: BTreeSet<&'m str>,
}

fn order(tier: NetworkTier) -> (u8, i32) {
    match tier {
        NetworkTier::Admin { priority } => (0, priority),
        NetworkTier::Namespaced => (1, 0),
        NetworkTier::Baseline { priority } => (2, priority),
    }
}

impl<'m> Policies<'m> {
    /// Active network policies of a model.
    pub(super) fn of(model: &'m Model) -> Self {
        let mut networks: Vec<(&Control, &NetworkPolicy)> = model
            .active_controls()
            .filter_map(|control| match &control.kind {
                ControlKind::Network(network) => Some((control, network)),
                _ => None,
            })
            .collect();
        networks.sort_by_key(|(control, network)| (order(network.tier), &control.id));
        let mut pod_sets = PodSets::default();
        let mut port_names = BTreeSet::new();
        let list = networks
            .into_iter()
            .map(|(control, network)| {
                let own = control.namespace.as_deref();
                let mut rules = |list: &'m Option<Vec<NetworkRule>>| -> Vec<Rule<'m>> {
                    let rules = list.iter().flatten();
                    rules
                        .map(|rule| read_rule(rule, own, &mut pod_sets, &mut port_names))
                        .collect()
                };
                let (ingress, egress) = (rules(&network.ingress), rules(&network.egress));
                Policy {
                    control,
                    network,
                    subject: pod_sets.intern(pods::subject(network)),
                    ingress,
                    egress,
                }
            })
            .collect();
        Self {
            list,
            pod_sets,
            port_names,
        }
    }

    /// Named ports of a workload that some rule speaks of.
    pub(super) fn named_ports(&self, workload: &Workload) -> NamedPorts {
        if self.port_names.is_empty() {
            return Vec::new();
        }
        let ports = workload.containers.iter().flat_map(|c| &c.ports);
        let mut out: NamedPorts = ports
            .filter_map(|port| {
                let name = port.name.as_ref()?;
                let used = self.port_names.contains(name.as_str());
                used.then(|| (name.clone(), port.protocol, port.port))
            })
            .collect();
        out.sort();
        out.dedup();
        out
    }

    /// Every address block that a rule speaks of.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Cidr> {
        self.list
            .iter()
            .flat_map(|policy| policy.ingress.iter().chain(&policy.egress))
            .flat_map(|rule| rule.rule.peers.iter().flatten())
            .filter_map(|peer| match peer {
                NetworkPeer::Block { cidr, except } => {
                    Some(std::iter::once(*cidr).chain(except.iter().copied()))
                }
                _ => None,
            })
            .flatten()
    }
}

fn read_rule<'m>(
    rule: &'m NetworkRule,
    own: Option<&str>,
    pod_sets: &mut PodSets,
    port_names: &mut BTreeSet<&'m str>,
) -> Rule<'m> {
    for port in rule.ports.iter().flatten() {
        if let NetworkPort::Named { name, .. } = port {
            port_names.insert(name);
        }
    }
    let peers = rule.peers.iter().flatten();
    let pods = peers
        .filter_map(|peer| pods::peer(peer, own))
        .map(|set| pod_sets.intern(set))
        .collect();
    Rule { rule, pods }
}

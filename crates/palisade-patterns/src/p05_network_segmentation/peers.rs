//! What the peers of a rule let a pod reach.

use palisade_model::{Model, NetworkAction, NetworkPeer, NetworkPort, NetworkRule};

use crate::selection::namespace_matches;

const DNS: u16 = 53;

/// Whether a peer is something that is called by name.
pub(super) fn names_pods(peer: &NetworkPeer) -> bool {
    matches!(
        peer,
        NetworkPeer::Pods { .. } | NetworkPeer::Domains { .. } | NetworkPeer::Cluster
    )
}

/// Whether an egress rule lets DNS requests through. A rule that names port 53 is taken at its
/// word, whatever its peers.
pub(super) fn allows_dns(model: &Model, rule: &NetworkRule) -> bool {
    if rule.action != NetworkAction::Allow {
        return false;
    }
    let named = rule.ports.iter().flatten().any(is_dns);
    let any_port = rule.ports.is_none();
    let resolver = rule
        .peers
        .as_ref()
        .is_none_or(|peers| peers.iter().any(|peer| may_be_resolver(model, peer)));
    named || (any_port && resolver)
}

fn is_dns(port: &NetworkPort) -> bool {
    match port {
        NetworkPort::Protocol { .. } => true,
        NetworkPort::Number { port, .. } => port.get() == DNS,
        NetworkPort::Range { range, .. } => range.first.get() <= DNS && DNS <= range.last.get(),
        NetworkPort::Named { name, .. } => name.contains("dns"),
    }
}

fn may_be_resolver(model: &Model, peer: &NetworkPeer) -> bool {
    match peer {
        NetworkPeer::Pods {
            namespaces,
            namespace_names,
            ..
        } => {
            namespace_names.iter().any(|name| name == "kube-system")
                || namespaces
                    .as_ref()
                    .is_some_and(|selector| namespace_matches(model, selector, "kube-system"))
        }
        NetworkPeer::Domains { .. } => false,
        _ => true,
    }
}

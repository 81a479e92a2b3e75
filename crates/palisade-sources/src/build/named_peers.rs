//! Peers of network policies that stand under a name in another object.

use std::collections::BTreeMap;

use palisade_model::{Cidr, ControlKind, NetworkPeer, Service};

use crate::facts::Facts;
use crate::formats::kubernetes::cilium::PeerName;

/// Puts the pods of services and the addresses of groups in the place of their names. A name that
/// no file declares stays unknown.
pub(super) fn resolve(facts: &mut Facts) {
    let named: BTreeMap<String, PeerName> = std::mem::take(&mut facts.named_peers)
        .into_iter()
        .map(|peer| (peer.text, peer.name))
        .collect();
    if named.is_empty() {
        return;
    }
    let services = &facts.model.services;
    let groups = &facts.address_groups;
    for control in &mut facts.model.controls {
        let ControlKind::Network(policy) = &mut control.kind else {
            continue;
        };
        let directions = policy.ingress.iter_mut().chain(&mut policy.egress);
        let peers = directions.flatten().filter_map(|rule| rule.peers.as_mut());
        for list in peers {
            *list = std::mem::take(list)
                .into_iter()
                .flat_map(|peer| known(peer, &named, services, groups))
                .collect();
        }
    }
}

fn known(
    peer: NetworkPeer,
    named: &BTreeMap<String, PeerName>,
    services: &[Service],
    groups: &BTreeMap<String, Vec<Cidr>>,
) -> Vec<NetworkPeer> {
    let NetworkPeer::Unknown { text } = &peer else {
        return vec![peer];
    };
    let found: Vec<NetworkPeer> = match named.get(text) {
        Some(PeerName::Services {
            namespace,
            name,
            selector,
        }) => services
            .iter()
            .filter(|service| {
                service.namespace == *namespace
                    && name.as_ref().is_none_or(|name| *name == service.name)
                    && selector.matches(&service.labels)
            })
            .filter_map(pods)
            .collect(),
        Some(PeerName::Group { name, except }) => groups
            .get(name)
            .into_iter()
            .flatten()
            .map(|cidr| NetworkPeer::Block {
                cidr: *cidr,
                except: except.clone(),
            })
            .collect(),
        None => Vec::new(),
    };
    if found.is_empty() { vec![peer] } else { found }
}

/// The pods behind a service; `None` for one without a selector.
fn pods(service: &Service) -> Option<NetworkPeer> {
    Some(NetworkPeer::Pods {
        namespaces: None,
        namespace_names: vec![service.namespace.clone()],
        pods: service.selector.clone()?,
    })
}

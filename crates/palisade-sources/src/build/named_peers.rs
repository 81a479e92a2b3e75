//! Peers of network policies that stand under a name in another object.

use std::collections::BTreeMap;

use palisade_model::{Cidr, ControlKind, NetworkPeer, Service};

use crate::facts::Facts;
use crate::formats::kubernetes::cilium::PeerName;

/// Puts the pods of services and the addresses of groups in the place of their names. What no file
/// declares stays unknown, and is told.
pub(super) fn resolve(facts: &mut Facts) {
    let named: BTreeMap<String, PeerName> = std::mem::take(&mut facts.named_peers)
        .into_iter()
        .map(|peer| (peer.text, peer.name))
        .collect();
    let mut left = Vec::new();
    let services = &facts.model.services;
    let groups = &facts.address_groups;
    for control in &mut facts.model.controls {
        let ControlKind::Network(policy) = &mut control.kind else {
            continue;
        };
        let cilium = control.kind_name.starts_with("Cilium");
        let directions = policy.ingress.iter_mut().chain(&mut policy.egress);
        for rule in directions.flatten() {
            let Some(list) = &mut rule.peers else {
                continue;
            };
            *list = std::mem::take(list)
                .into_iter()
                .flat_map(|peer| known(peer, &named, services, groups))
                .collect();
            let unknown = list.iter().filter_map(|peer| match peer {
                // The readers of other kinds have told theirs: only mistakes are unknown there.
                NetworkPeer::Unknown { text } if cilium => {
                    Some((rule.origin.clone(), text.clone()))
                }
                _ => None,
            });
            left.extend(unknown);
        }
    }
    for (origin, text) in left {
        let message =
            format!("`{text}` cannot be told from the code, so this rule counts without it");
        facts.note(origin, message);
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

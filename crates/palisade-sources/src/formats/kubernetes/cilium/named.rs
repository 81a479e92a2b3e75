//! Peers that stand under a name in another object: services and groups of addresses.

use palisade_document::Value;
use palisade_model::{Cidr, NetworkPeer, Selector};

use super::rules::{cidr, unknown};
use crate::facts::Facts;
use crate::object::Object;

/// A peer under a name, until the object of that name is known.
#[derive(Debug, Clone)]
pub(crate) struct NamedPeer {
    /// The text by which the unknown peer is found again.
    pub(crate) text: String,
    /// What is named.
    pub(crate) name: PeerName,
}

/// What a peer names.
#[derive(Debug, Clone)]
pub(crate) enum PeerName {
    /// Services of a namespace: one by its name, or some by their labels.
    Services {
        namespace: String,
        name: Option<String>,
        selector: Selector,
    },
    /// A group of addresses, without some of them.
    Group { name: String, except: Vec<Cidr> },
}

/// A service that calls may go to.
pub(super) fn service<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> NetworkPeer {
    let own = |part: Value<'d>| {
        let namespace = object.text_in(part, &["namespace"]);
        namespace.map_or_else(|| object.namespace().to_owned(), |fact| fact.value)
    };
    let by_name = value.get("k8sService");
    let by_labels = value.get("k8sServiceSelector");
    let name = if let Some(part) = by_name {
        let Some(name) = object.text_in(part, &["serviceName"]) else {
            return unknown(object, value);
        };
        PeerName::Services {
            namespace: own(part),
            name: Some(name.value),
            selector: Selector::everything(),
        }
    } else if let Some(part) = by_labels {
        let selector = part.get("selector");
        let Some(selector) = selector.and_then(|it| object.selector(it, facts)) else {
            return unknown(object, value);
        };
        PeerName::Services {
            namespace: own(part),
            name: None,
            selector,
        }
    } else {
        return unknown(object, value);
    };
    remember(name, facts)
}

/// Whether an item of a set of blocks names a group.
pub(super) fn is_group(value: Value<'_>) -> bool {
    value.get("cidrGroupRef").is_some()
}

/// A group of addresses.
pub(super) fn group<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> NetworkPeer {
    let Some(name) = object.text_in(value, &["cidrGroupRef"]) else {
        return unknown(object, value);
    };
    let except = object.texts_in(value, &["except"]);
    let name = PeerName::Group {
        name: name.value,
        except: except.iter().filter_map(|it| cidr(&it.value)).collect(),
    };
    remember(name, facts)
}

fn remember(name: PeerName, facts: &mut Facts) -> NetworkPeer {
    let text = match &name {
        PeerName::Services {
            namespace,
            name: Some(name),
            ..
        } => format!("service {namespace}/{name}"),
        PeerName::Services {
            namespace,
            selector,
            ..
        } => format!("services {selector} of {namespace}"),
        PeerName::Group { name, except } if except.is_empty() => format!("addresses {name}"),
        PeerName::Group { name, except } => {
            let except: Vec<String> = except.iter().map(ToString::to_string).collect();
            format!("addresses {name} except {}", except.join(", "))
        }
    };
    facts.named_peers.push(NamedPeer {
        text: text.clone(),
        name,
    });
    NetworkPeer::Unknown { text }
}

/// Reads a `CiliumCIDRGroup`.
pub(in crate::formats::kubernetes) fn address_group(object: &Object<'_>, facts: &mut Facts) {
    let mut blocks = Vec::new();
    for text in object.texts_in(object.value, &["spec", "externalCIDRs"]) {
        if let Some(block) = cidr(&text.value) {
            blocks.push(block);
        } else {
            let message = format!("`{}` is not an address block", text.value);
            facts.warn(text.origin, message);
        }
    }
    facts
        .address_groups
        .entry(object.name.clone())
        .or_insert(blocks);
}

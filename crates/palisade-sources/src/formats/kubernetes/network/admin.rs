//! Policies of administrators (`policy.networking.k8s.io`): AdminNetworkPolicy and
//! BaselineAdminNetworkPolicy (v1alpha1), and ClusterNetworkPolicy (v1alpha2).

use palisade_document::Value;
use palisade_model::{
    ControlKind, NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, NetworkTier,
    PolicySubject, Protocol, Selector,
};

use super::{block, numbered, range, unread_peer};
use crate::facts::Facts;
use crate::formats::kubernetes::services::{port_number, protocol};
use crate::object::Object;

/// Highest priority number that the API takes.
const LAST_PRIORITY: i64 = 1000;

/// Reads an AdminNetworkPolicy.
pub(crate) fn admin(object: &Object<'_>, facts: &mut Facts) {
    if let Some(priority) = priority(object, facts) {
        push(object, NetworkTier::Admin { priority }, facts);
    }
}

/// Reads a BaselineAdminNetworkPolicy.
pub(crate) fn baseline(object: &Object<'_>, facts: &mut Facts) {
    if object.name != "default" {
        let message = format!(
            "a baseline policy must be called `default`, not `{}`",
            object.name
        );
        facts.warn(object.whole(), message);
    }
    push(object, NetworkTier::Baseline { priority: 0 }, facts);
}

/// Reads a ClusterNetworkPolicy.
pub(crate) fn cluster(object: &Object<'_>, facts: &mut Facts) {
    let Some(priority) = priority(object, facts) else {
        return;
    };
    let tier = object.text(&["spec", "tier"]).map(|fact| fact.value);
    let tier = match tier.as_deref() {
        Some("Admin") => NetworkTier::Admin { priority },
        Some("Baseline") => NetworkTier::Baseline { priority },
        other => {
            let written = other.unwrap_or_default();
            let message = format!(
                "`{written}` is no tier: expected Admin or Baseline; the policy was left out"
            );
            return facts.error(object.spec_origin(), message);
        }
    };
    push(object, tier, facts);
}

fn priority(object: &Object<'_>, facts: &mut Facts) -> Option<i32> {
    let written = object.number(&["spec", "priority"]);
    let number = written
        .as_ref()
        .filter(|fact| (0..=LAST_PRIORITY).contains(&fact.value))
        .and_then(|fact| i32::try_from(fact.value).ok());
    if number.is_none() {
        let message = "this policy needs a `priority` from 0 to 1000, so it was left out";
        facts.error(
            written.map_or_else(|| object.spec_origin(), |fact| fact.origin),
            message,
        );
    }
    number
}

fn push(object: &Object<'_>, tier: NetworkTier, facts: &mut Facts) {
    let Some(subject) = subject(object, facts) else {
        let message = "the subject of this policy could not be told, so it was left out";
        return facts.error(object.spec_origin(), message);
    };
    let mut direction = |key: &str, ends: &str| {
        let list = object.at(&["spec", key])?;
        Some(
            list.items()
                .filter_map(|item| rule(object, item, ends, facts))
                .collect(),
        )
    };
    let policy = NetworkPolicy {
        tier,
        subject,
        ingress: direction("ingress", "from"),
        egress: direction("egress", "to"),
    };
    let control = object.cluster_control(ControlKind::Network(policy));
    facts.model.controls.push(control);
}

fn subject(object: &Object<'_>, facts: &mut Facts) -> Option<PolicySubject> {
    let subject = object.at(&["spec", "subject"])?;
    let (namespace_selector, pods) = selected(object, subject, facts)?;
    Some(PolicySubject {
        namespace: None,
        namespace_selector,
        pods,
    })
}

/// Namespaces and pods of `namespaces: SELECTOR` or `pods: {namespaceSelector, podSelector}`.
fn selected<'d>(
    object: &Object<'d>,
    value: Value<'d>,
    facts: &mut Facts,
) -> Option<(Selector, Selector)> {
    if let Some(namespaces) = value.get("namespaces") {
        return Some((object.selector(namespaces, facts)?, Selector::everything()));
    }
    let pods = value.get("pods")?;
    let mut part = |key: &str| match pods.get(key) {
        Some(selector) => object.selector(selector, facts),
        None => Some(Selector::everything()),
    };
    Some((part("namespaceSelector")?, part("podSelector")?))
}

fn rule<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    ends: &str,
    facts: &mut Facts,
) -> Option<NetworkRule> {
    let written = object.text_in(item, &["action"]);
    let action = match written.as_ref().map(|fact| fact.value.as_str()) {
        Some("Allow" | "Accept") => NetworkAction::Allow,
        Some("Deny") => NetworkAction::Deny,
        Some("Pass") => NetworkAction::Pass,
        other => {
            let message = format!(
                "`{}` is no action: expected Allow, Accept, Deny or Pass; the rule was left out",
                other.unwrap_or_default()
            );
            facts.warn(object.origin_of(item), message);
            return None;
        }
    };
    let list = item.get(ends);
    if list.is_none_or(|list| list.items().len() == 0) {
        let message = format!("this rule has no peer in `{ends}`, so it matches nothing");
        facts.warn(object.origin_of(item), message);
    }
    let peers = list
        .into_iter()
        .flat_map(Value::items)
        .flat_map(|value| peers(object, value, facts))
        .collect();
    Some(NetworkRule {
        action,
        name: object.text_in(item, &["name"]).map(|fact| fact.value),
        peers: Some(peers),
        ports: ports(object, item, facts),
        narrowed: false,
        origin: object.origin_of(item),
    })
}

fn peers<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Vec<NetworkPeer> {
    if let Some(networks) = value.get("networks") {
        return networks
            .items()
            .map(|network| match block(object, network, facts) {
                Some(cidr) => NetworkPeer::Block {
                    cidr,
                    except: Vec::new(),
                },
                None => unread_peer(object, network),
            })
            .collect();
    }
    if let Some(names) = value.get("domainNames") {
        let names = names.items().filter_map(Value::to_text).collect();
        return vec![NetworkPeer::Domains { names }];
    }
    if let Some(nodes) = value.get("nodes") {
        let nodes = object.selector(nodes, facts);
        return vec![nodes.map_or_else(
            || unread_peer(object, value),
            |selector| NetworkPeer::Nodes { selector },
        )];
    }
    let Some((namespaces, pods)) = selected(object, value, facts) else {
        let message = "this peer is of a form that is not known, so it matches nothing";
        facts.warn(object.origin_of(value), message);
        return vec![unread_peer(object, value)];
    };
    vec![NetworkPeer::Pods {
        namespaces: Some(namespaces),
        namespace_names: Vec::new(),
        pods,
    }]
}

fn ports<'d>(object: &Object<'d>, item: Value<'d>, facts: &mut Facts) -> Option<Vec<NetworkPort>> {
    let list = |key: &str| item.get(key).filter(|list| list.items().len() > 0);
    if let Some(list) = list("ports") {
        let read = list.items().filter_map(|value| port(object, value, facts));
        return Some(read.collect());
    }
    let read = list("protocols")?
        .items()
        .filter_map(|value| transport(object, value, facts));
    Some(read.collect())
}

/// A port of v1alpha1.
fn port<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<NetworkPort> {
    if let Some(part) = value.get("portNumber") {
        return numbered(object, part, facts);
    }
    if let Some(part) = value.get("portRange") {
        return Some(NetworkPort::Range {
            protocol: protocol(object, part, facts)?,
            range: range(object, part, ("start", "end"), facts)?,
        });
    }
    if let Some(name) = object.text_in(value, &["namedPort"]) {
        return Some(NetworkPort::Named {
            protocol: None,
            name: name.value,
        });
    }
    let message =
        "this port is none of `portNumber`, `portRange` and `namedPort`; it matches nothing";
    facts.warn(object.origin_of(value), message);
    None
}

/// A protocol with its port of v1alpha2.
fn transport<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<NetworkPort> {
    if let Some(name) = object.text_in(value, &["destinationNamedPort"]) {
        return Some(NetworkPort::Named {
            protocol: None,
            name: name.value,
        });
    }
    let named = [
        ("tcp", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("sctp", Protocol::Sctp),
    ];
    let found = named
        .into_iter()
        .find_map(|(key, protocol)| Some((value.get(key)?, protocol)));
    let Some((part, protocol)) = found else {
        let message = "this protocol is none of `tcp`, `udp`, `sctp` and `destinationNamedPort`; it matches nothing";
        facts.warn(object.origin_of(value), message);
        return None;
    };
    let Some(destination) = part.get("destinationPort") else {
        return Some(NetworkPort::Protocol { protocol });
    };
    if let Some(between) = destination.get("range") {
        let range = range(object, between, ("start", "end"), facts)?;
        return Some(NetworkPort::Range { protocol, range });
    }
    let port = port_number(object, destination, "number", facts)?;
    Some(NetworkPort::Number { protocol, port })
}

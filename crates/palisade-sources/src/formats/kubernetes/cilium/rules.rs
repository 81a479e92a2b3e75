//! Rules of a direction: peers, ports, and whether a higher layer narrows them.

use palisade_document::Value;
use palisade_model::{
    Cidr, NetworkAction, NetworkPeer, NetworkPort, NetworkRule, Port, PortRange, Protocol, Selector,
};

use super::endpoints::{Owner, peer};
use super::{everything, named};
use crate::facts::Facts;
use crate::object::Object;

/// The words of a direction.
pub(super) struct Direction {
    /// Key of the rules that allow.
    pub(super) allow: &'static str,
    /// Key of the rules that deny.
    pub(super) deny: &'static str,
    /// Prefix of the keys that name peers.
    peers: &'static str,
}

/// Ingress and egress.
pub(super) const DIRECTIONS: [&Direction; 2] = [
    &Direction {
        allow: "ingress",
        deny: "ingressDeny",
        peers: "from",
    },
    &Direction {
        allow: "egress",
        deny: "egressDeny",
        peers: "to",
    },
];

/// The rules of one item: one for each entry of `toPorts`, since each may be narrowed by itself.
/// An empty item matches nothing: it only turns default deny on.
pub(super) fn rules<'d>(
    object: &Object<'d>,
    owner: Owner,
    (item, way, action): (Value<'d>, &Direction, NetworkAction),
    facts: &mut Facts,
) -> Vec<NetworkRule> {
    if item.entries().len() == 0 {
        return Vec::new();
    }
    let peers = peers(object, owner, (item, way), facts);
    // Requirements on the peers narrow every rule of the item.
    let required = item.get(&format!("{}Requires", way.peers)).is_some();
    let rule = |ports: Option<Vec<NetworkPort>>, narrowed: bool| NetworkRule {
        action,
        name: None,
        peers: peers.clone(),
        ports,
        narrowed: narrowed || required,
        origin: object.origin_of(item),
    };
    let Some(to_ports) = item.get("toPorts") else {
        // A rule for ICMP alone lets no TCP, UDP or SCTP through.
        let nothing = item.get("icmps").map(|_| Vec::new());
        return vec![rule(nothing, false)];
    };
    let mut found = Vec::new();
    for entry in to_ports.items() {
        let narrowed = entry
            .get("rules")
            .is_some_and(|rules| rules.entries().len() > 0)
            || entry.get("serverNames").is_some();
        let list = entry.get("ports").into_iter().flat_map(Value::items);
        let mut ports = Vec::new();
        for port in list {
            ports.extend(self::ports(object, port, facts));
        }
        found.push(rule(Some(ports), narrowed));
    }
    found
}

/// `None` when no peer is named, which means any.
fn peers<'d>(
    object: &Object<'d>,
    owner: Owner,
    (item, way): (Value<'d>, &Direction),
    facts: &mut Facts,
) -> Option<Vec<NetworkPeer>> {
    let mut found = None;
    for entry in item.entries() {
        let Some(kind) = entry.key.strip_prefix(way.peers) else {
            continue;
        };
        if kind == "Ports" {
            continue;
        }
        let peers: &mut Vec<NetworkPeer> = found.get_or_insert_default();
        for value in entry.value.items() {
            match kind {
                "Endpoints" => peers.push(peer(object, owner, value, facts)),
                "Entities" => peers.extend(entities(value)),
                "Services" => peers.push(named::service(object, value, facts)),
                "CIDRSet" if named::is_group(value) => {
                    peers.push(named::group(object, value, facts));
                }
                "CIDR" | "CIDRSet" => peers.push(block(object, value, facts)),
                "FQDNs" => peers.push(domain(value)),
                "Nodes" => peers.push(NetworkPeer::Nodes {
                    selector: object.selector(value, facts).unwrap_or_else(everything),
                }),
                // What only narrows the others must not add a peer.
                "Requires" => {}
                _ => peers.push(unknown(object, value)),
            }
        }
    }
    found
}

pub(super) fn unknown<'d>(object: &Object<'d>, value: Value<'d>) -> NetworkPeer {
    NetworkPeer::Unknown {
        text: object.file.slice(value.span()).trim().to_owned(),
    }
}

fn entities(value: Value<'_>) -> Vec<NetworkPeer> {
    let nodes = || NetworkPeer::Nodes {
        selector: Selector::everything(),
    };
    let written = value.to_text().unwrap_or_default();
    match written.as_str() {
        "all" => vec![NetworkPeer::World, NetworkPeer::Cluster, nodes()],
        "world" => vec![NetworkPeer::World],
        "world-ipv4" => outside("0.0.0.0/0"),
        "world-ipv6" => outside("::/0"),
        "cluster" => vec![NetworkPeer::Cluster, nodes()],
        "host" | "remote-node" => vec![nodes()],
        "none" => Vec::new(),
        _ => vec![NetworkPeer::Unknown { text: written }],
    }
}

/// Everything outside of one address family.
fn outside(text: &str) -> Vec<NetworkPeer> {
    let block = |cidr| NetworkPeer::Block {
        cidr,
        except: Vec::new(),
    };
    cidr(text).map(block).into_iter().collect()
}

/// An address, a block, or a block with exceptions.
fn block<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> NetworkPeer {
    let written = value.get("cidr").unwrap_or(value);
    let Some(text) = written.to_text() else {
        return unknown(object, value);
    };
    let Some(cidr) = cidr(&text) else {
        let message =
            format!("`{text}` is not an address block: expected `10.0.0.0/8` or `fd00::/8`");
        facts.warn(object.origin_of(written), message);
        return unknown(object, value);
    };
    let except = object.texts_in(value, &["except"]);
    NetworkPeer::Block {
        cidr,
        except: except
            .iter()
            .filter_map(|fact| self::cidr(&fact.value))
            .collect(),
    }
}

/// A block; a single address is one of its full length.
pub(super) fn cidr(text: &str) -> Option<Cidr> {
    let length = if text.contains(':') { 128 } else { 32 };
    text.parse()
        .or_else(|_| format!("{text}/{length}").parse())
        .ok()
}

fn domain(value: Value<'_>) -> NetworkPeer {
    let name = value.get("matchName").or_else(|| value.get("matchPattern"));
    NetworkPeer::Domains {
        names: name.and_then(Value::to_text).into_iter().collect(),
    }
}

fn ports<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Vec<NetworkPort> {
    let written = value.get("protocol").and_then(Value::to_text);
    let protocols: Vec<Protocol> = match written.as_deref() {
        None | Some("ANY") => Protocol::ALL.to_vec(),
        Some(name) => Protocol::ALL
            .into_iter()
            .filter(|protocol| protocol.name() == name)
            .collect(),
    };
    let Some(text) = value.get("port").and_then(Value::to_text) else {
        facts.warn(
            object.origin_of(value),
            "this entry of `ports` has no `port`",
        );
        return Vec::new();
    };
    let end = value
        .get("endPort")
        .and_then(Value::as_i64)
        .and_then(Port::new);
    let Ok(number) = text.parse::<i64>() else {
        let named = |protocol| NetworkPort::Named {
            protocol: Some(protocol),
            name: text.clone(),
        };
        return protocols.into_iter().map(named).collect();
    };
    let port = Port::new(number);
    if port.is_none() && number != 0 {
        let message = format!("`{text}` is no port: expected a number from 0 to 65535");
        facts.warn(object.origin_of(value), message);
        return Vec::new();
    }
    let of = |protocol| match (port, end) {
        (None, _) => NetworkPort::Protocol { protocol },
        (Some(first), Some(last)) if last > first => NetworkPort::Range {
            protocol,
            range: PortRange { first, last },
        },
        (Some(port), _) => NetworkPort::Number { protocol, port },
    };
    protocols.into_iter().map(of).collect()
}

//! NetworkPolicy of `networking.k8s.io`.

use palisade_document::Value;
use palisade_model::{
    ControlKind, NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, NetworkTier,
    PolicySubject, Selector,
};

use super::{block, numbered, range, unread_peer};
use crate::facts::Facts;
use crate::formats::kubernetes::services::protocol;
use crate::object::Object;

/// Reads a NetworkPolicy.
pub(crate) fn namespaced(object: &Object<'_>, facts: &mut Facts) {
    let pods = match object.at(&["spec", "podSelector"]) {
        Some(selector) => object.selector(selector, facts),
        None => Some(Selector::everything()),
    };
    let Some(pods) = pods else {
        let message = "the pods of this policy could not be told, so it was left out";
        return facts.error(object.whole(), message);
    };
    let (ingress, egress) = directions(object, facts);
    let policy = NetworkPolicy {
        tier: NetworkTier::Namespaced,
        subject: PolicySubject {
            namespace: Some(object.namespace().to_owned()),
            namespace_selector: Selector::everything(),
            pods,
        },
        ingress: ingress.then(|| rules(object, "ingress", "from", facts)),
        egress: egress.then(|| rules(object, "egress", "to", facts)),
    };
    let control = object.control(ControlKind::Network(policy));
    facts.model.controls.push(control);
}

/// Whether a policy is about ingress and egress. Unwritten types are: ingress always, egress only
/// with egress rules.
fn directions(object: &Object<'_>, facts: &mut Facts) -> (bool, bool) {
    let types = object.texts_in(object.value, &["spec", "policyTypes"]);
    if types.is_empty() {
        return (true, !object.items(&["spec", "egress"]).is_empty());
    }
    let mut told = (false, false);
    for fact in types {
        match fact.value.as_str() {
            "Ingress" => told.0 = true,
            "Egress" => told.1 = true,
            other => {
                let message = format!("`{other}` is no policy type: expected Ingress or Egress");
                facts.warn(fact.origin, message);
            }
        }
    }
    told
}

fn rules(object: &Object<'_>, direction: &str, ends: &str, facts: &mut Facts) -> Vec<NetworkRule> {
    let list = object.at(&["spec", direction]);
    if let Some(value) = list.filter(|value| !value.is_array() && !value.is_null()) {
        let message = format!("`{direction}` must be a list; no rule was taken from it");
        facts.warn(object.origin_of(value), message);
    }
    object
        .items(&["spec", direction])
        .into_iter()
        .map(|item| NetworkRule {
            action: NetworkAction::Allow,
            name: None,
            peers: each(item.get(ends), |value| peer(object, value, facts)),
            ports: ports(object, item, facts),
            narrowed: false,
            origin: object.origin_of(item),
        })
        .collect()
}

/// The items of a list; `None` when it is not there or empty, which means "any".
fn each<'d, T>(list: Option<Value<'d>>, read: impl FnMut(Value<'d>) -> T) -> Option<Vec<T>> {
    let is_any = |list: &Value<'d>| list.is_null() || (list.is_array() && list.items().len() == 0);
    let list = list.filter(|list| !is_any(list))?;
    Some(list.items().map(read).collect())
}

fn peer<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> NetworkPeer {
    let read = match value.get("ipBlock") {
        Some(part) => {
            if value.get("podSelector").is_some() || value.get("namespaceSelector").is_some() {
                let message = "a peer with `ipBlock` may have no selector; it matches nothing";
                facts.warn(object.origin_of(value), message);
                None
            } else {
                ip_block(object, part, facts)
            }
        }
        None => pods(object, value, facts),
    };
    read.unwrap_or_else(|| unread_peer(object, value))
}

fn pods<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<NetworkPeer> {
    let namespaces = value.get("namespaceSelector");
    let pods = value.get("podSelector");
    if namespaces.is_none() && pods.is_none() {
        let message = "this peer has neither `podSelector`, `namespaceSelector` nor `ipBlock`; it matches nothing";
        facts.warn(object.origin_of(value), message);
        return None;
    }
    let namespaces = match namespaces {
        Some(selector) => Some(object.selector(selector, facts)?),
        None => None,
    };
    let pods = match pods {
        Some(selector) => object.selector(selector, facts)?,
        None => Selector::everything(),
    };
    Some(NetworkPeer::Pods {
        namespaces,
        namespace_names: Vec::new(),
        pods,
    })
}

fn ip_block<'d>(object: &Object<'d>, part: Value<'d>, facts: &mut Facts) -> Option<NetworkPeer> {
    let Some(written) = part.get("cidr") else {
        facts.warn(
            object.origin_of(part),
            "this `ipBlock` has no `cidr`; it matches nothing",
        );
        return None;
    };
    let cidr = block(object, written, facts)?;
    let mut except = Vec::new();
    for item in part.get("except").into_iter().flat_map(Value::items) {
        let out = block(object, item, facts)?;
        if !cidr.net().contains(&out.net()) {
            let message =
                format!("`{out}` is not inside `{cidr}`, so leaving it out changes nothing");
            facts.warn(object.origin_of(item), message);
            continue;
        }
        except.push(out);
    }
    Some(NetworkPeer::Block { cidr, except })
}

fn ports<'d>(object: &Object<'d>, item: Value<'d>, facts: &mut Facts) -> Option<Vec<NetworkPort>> {
    let read = each(item.get("ports"), |value| port(object, value, facts))?;
    Some(read.into_iter().flatten().collect())
}

fn port<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<NetworkPort> {
    let protocol = protocol(object, value, facts)?;
    let end = value.get("endPort").filter(|end| !end.is_null());
    let Some(port) = value.get("port").filter(|port| !port.is_null()) else {
        if end.is_some() {
            let message = "`endPort` needs a `port` to begin at; this port matches nothing";
            facts.warn(object.origin_of(value), message);
            return None;
        }
        return Some(NetworkPort::Protocol { protocol });
    };
    if let Some(name) = port.as_str() {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if end.is_some() || is_number {
            let message = if is_number {
                format!(
                    "`{name}` is written as a text, and a port name needs a letter; this port matches nothing"
                )
            } else {
                format!("`endPort` cannot follow the port name `{name}`; this port matches nothing")
            };
            facts.warn(object.origin_of(value), message);
            return None;
        }
        return Some(NetworkPort::Named {
            protocol: Some(protocol),
            name: name.to_owned(),
        });
    }
    if end.is_some() {
        let range = range(object, value, ("port", "endPort"), facts)?;
        return Some(NetworkPort::Range { protocol, range });
    }
    numbered(object, value, facts)
}

//! Cilium's network policies, for pods; as far as layers 3 and 4 go.

mod endpoints;
mod named;
mod rules;

use palisade_document::Value;
use palisade_model::{
    ControlKind, NetworkAction, NetworkPolicy, NetworkRule, NetworkTier, NodeId, NodeKind, Selector,
};

pub(super) use self::named::address_group;
pub(crate) use self::named::{NamedPeer, PeerName};

use self::endpoints::{Owner, subject};
use self::rules::{DIRECTIONS, Direction, rules};
use crate::facts::Facts;
use crate::object::Object;

/// Reads a `CiliumNetworkPolicy`.
pub(super) fn namespaced(object: &Object<'_>, facts: &mut Facts) {
    read(object, Owner::Namespace, facts);
}

/// Reads a `CiliumClusterwideNetworkPolicy`.
pub(super) fn clusterwide(object: &Object<'_>, facts: &mut Facts) {
    read(object, Owner::Cluster, facts);
}

/// One policy may hold several, under `spec` and `specs`.
fn read(object: &Object<'_>, owner: Owner, facts: &mut Facts) {
    let one = object.at(&["spec"]).filter(|spec| !spec.is_null());
    let many = object.items(&["specs"]);
    let specs: Vec<Value<'_>> = one.into_iter().chain(many).collect();
    if specs.is_empty() {
        facts.warn(object.whole(), "this policy has neither `spec` nor `specs`");
    }
    for (number, spec) in specs.into_iter().enumerate() {
        let Some(policy) = policy(object, owner, spec, facts) else {
            continue;
        };
        let kind = ControlKind::Network(policy);
        let mut control = match owner {
            Owner::Namespace => object.control(kind),
            Owner::Cluster => object.cluster_control(kind),
        };
        control.spec_origin = object.origin_of(spec);
        if number > 0 {
            let name = format!("{}#{}", control.id.name(), number + 1);
            control.id = NodeId::new(NodeKind::Control, &name);
        }
        facts.model.controls.push(control);
    }
}

fn policy<'d>(
    object: &Object<'d>,
    owner: Owner,
    spec: Value<'d>,
    facts: &mut Facts,
) -> Option<NetworkPolicy> {
    let Some(selector) = spec.get("endpointSelector") else {
        let message = "only policies with an `endpointSelector` are read; this one is for nodes";
        facts.note(object.origin_of(spec), message);
        return None;
    };
    let subject = subject(object, owner, selector, facts)?;
    let [ingress, egress] = DIRECTIONS.map(|way| direction(object, owner, (spec, way), facts));
    Some(NetworkPolicy {
        tier: NetworkTier::Namespaced,
        subject,
        ingress,
        egress,
    })
}

/// The rules of a direction; `None` when the policy leaves it alone.
fn direction<'d>(
    object: &Object<'d>,
    owner: Owner,
    (spec, way): (Value<'d>, &Direction),
    facts: &mut Facts,
) -> Option<Vec<NetworkRule>> {
    let items = |key: &str| -> Vec<Value<'d>> {
        spec.get(key).into_iter().flat_map(Value::items).collect()
    };
    let (allowed, denied) = (items(way.allow), items(way.deny));
    let isolates = spec
        .at(&["enableDefaultDeny", way.allow])
        .and_then(Value::as_bool);
    let any = !allowed.is_empty() || !denied.is_empty();
    if !isolates.unwrap_or(any) && denied.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for item in denied {
        found.extend(rules(
            object,
            owner,
            (item, way, NetworkAction::Deny),
            facts,
        ));
    }
    for item in allowed {
        found.extend(rules(
            object,
            owner,
            (item, way, NetworkAction::Allow),
            facts,
        ));
    }
    if isolates == Some(false) {
        // Without default deny, what no rule refuses goes through.
        found.push(NetworkRule {
            action: NetworkAction::Allow,
            name: Some("enableDefaultDeny".to_owned()),
            peers: None,
            ports: None,
            narrowed: false,
            origin: object.origin_of(spec.get("enableDefaultDeny").unwrap_or(spec)),
        });
    }
    Some(found)
}

/// Every pod, of whatever namespace.
fn everything() -> Selector {
    Selector::everything()
}

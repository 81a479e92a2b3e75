//! How calls leave: `DestinationRule`, `ServiceEntry` and Sidecar.

use palisade_document::Value;
use palisade_model::{
    ControlKind, DestinationRule, Fact, Port, ServiceEntry, SidecarScope, TlsMode, TrafficTls,
};

use super::{plain_texts, port, unknown_word, workload_scope};
use crate::facts::Facts;
use crate::object::Object;

/// Reads a `DestinationRule`.
pub(in crate::formats::kubernetes) fn destination_rule(object: &Object<'_>, facts: &mut Facts) {
    let Some(host) = object.text(&["spec", "host"]) else {
        facts.warn(object.spec_origin(), "this DestinationRule names no `host`");
        return;
    };
    let policy = object.at(&["spec", "trafficPolicy"]);
    let whole = policy.and_then(|policy| tls(object, policy, facts));
    let ports = policy.map_or_else(Vec::new, |policy| levels(object, policy, facts));
    let mut subsets = Vec::new();
    for subset in object.items(&["spec", "subsets"]) {
        let (Some(name), Some(policy)) = (
            object.text_in(subset, &["name"]),
            subset.get("trafficPolicy"),
        ) else {
            continue;
        };
        let whole = tls(object, policy, facts);
        subsets.extend(whole.map(|settings| (name.value.clone(), settings)));
        for (port, settings) in levels(object, policy, facts) {
            subsets.push((format!("{} on port {port}", name.value), settings));
        }
    }
    let rule = DestinationRule {
        namespace: object.namespace().to_owned(),
        host: host.value,
        tls: whole,
        ports,
        subsets,
    };
    let control = object.control(ControlKind::DestinationRule(rule));
    facts.model.controls.push(control);
}

/// Settings of single ports.
fn levels(
    object: &Object<'_>,
    policy: Value<'_>,
    facts: &mut Facts,
) -> Vec<(Port, Fact<TrafficTls>)> {
    let levels = policy.get("portLevelSettings").into_iter();
    let mut found = Vec::new();
    for level in levels.flat_map(Value::items) {
        let number = level.at(&["port", "number"]).and_then(port);
        if let (Some(number), Some(settings)) = (number, tls(object, level, facts)) {
            found.push((number, settings));
        }
    }
    found
}

fn tls(object: &Object<'_>, policy: Value<'_>, facts: &mut Facts) -> Option<Fact<TrafficTls>> {
    let settings = policy.get("tls")?;
    let mode = match settings.get("mode") {
        None => TlsMode::Disable,
        Some(value) => match value.to_text().as_deref() {
            Some("DISABLE") => TlsMode::Disable,
            Some("SIMPLE") => TlsMode::Simple,
            Some("MUTUAL") => TlsMode::Mutual,
            Some("ISTIO_MUTUAL") => TlsMode::IstioMutual,
            _ => {
                let expected = "DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL";
                unknown_word(object, value, expected, facts);
                return None;
            }
        },
    };
    let says = |key: &str| settings.get(key).and_then(Value::to_text).is_some();
    let value = TrafficTls {
        mode,
        skip_verify: settings
            .get("insecureSkipVerify")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        verifies: says("caCertificates") || says("credentialName"),
    };
    Some(Fact::new(value, object.origin_of(settings)))
}

/// Reads a `ServiceEntry`.
pub(in crate::formats::kubernetes) fn service_entry(object: &Object<'_>, facts: &mut Facts) {
    let ports = object
        .items(&["spec", "ports"])
        .into_iter()
        .filter_map(|item| {
            let protocol = item.get("protocol").and_then(Value::to_text);
            Some((port(item.get("number")?)?, protocol.unwrap_or_default()))
        })
        .collect();
    let location = object.text(&["spec", "location"]);
    let entry = ServiceEntry {
        namespace: object.namespace().to_owned(),
        hosts: plain_texts(object, object.value, &["spec", "hosts"]),
        ports,
        external: location.is_none_or(|fact| fact.value != "MESH_INTERNAL"),
    };
    let control = object.control(ControlKind::ServiceEntry(entry));
    facts.model.controls.push(control);
}

/// Reads a Sidecar.
pub(in crate::formats::kubernetes) fn sidecar(object: &Object<'_>, facts: &mut Facts) {
    let listeners = object.items(&["spec", "egress"]).into_iter();
    let sidecar = SidecarScope {
        scope: workload_scope(object, facts),
        egress_hosts: listeners
            .flat_map(|listener| plain_texts(object, listener, &["hosts"]))
            .collect(),
        outbound_policy: object.text(&["spec", "outboundTrafficPolicy", "mode"]),
    };
    let control = object.control(ControlKind::Sidecar(sidecar));
    facts.model.controls.push(control);
}

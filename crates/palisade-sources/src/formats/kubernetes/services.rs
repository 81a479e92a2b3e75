//! Services.

use palisade_document::Value;
use palisade_model::{
    Fact, NodeId, NodeKind, Port, PortRef, Protocol, Selector, Service, ServiceKind, ServicePort,
};

use crate::facts::Facts;
use crate::object::{Object, labels};

/// Reads a Service.
pub(super) fn service(object: &Object<'_>, facts: &mut Facts) {
    let spec = object.at(&["spec"]);
    let selector = object
        .at(&["spec", "selector"])
        .filter(|selector| selector.entries().len() > 0)
        .map(|selector| Selector::from_labels(&labels(selector)));
    let ports = object
        .items(&["spec", "ports"])
        .into_iter()
        .filter_map(|item| port(object, item, facts))
        .collect();
    let texts = |key: &str| spec.map_or_else(Vec::new, |spec| object.texts_in(spec, &[key]));
    facts.model.services.push(Service {
        id: NodeId::new(NodeKind::Service, &object.full_name()),
        name: object.name.clone(),
        namespace: object.namespace().to_owned(),
        kind: kind(object),
        selector,
        ports,
        source_ranges: texts("loadBalancerSourceRanges"),
        external_ips: texts("externalIPs"),
        external_name: object
            .text(&["spec", "externalName"])
            .map(|fact| fact.value),
        labels: object.own_labels(),
        annotations: object.own_annotations(),
        origin: object.whole(),
        content: object.content(),
    });
}

fn kind(object: &Object<'_>) -> Fact<ServiceKind> {
    let written = object.text(&["spec", "type"]);
    let address = object.text(&["spec", "clusterIP"]);
    let headless = address.filter(|address| address.value.eq_ignore_ascii_case("none"));
    let said = written.as_ref().map(|fact| fact.value.as_str());
    let kind = match (said, &headless) {
        (Some("LoadBalancer"), _) => ServiceKind::LoadBalancer,
        (Some("NodePort"), _) => ServiceKind::NodePort,
        (Some("ExternalName"), _) => ServiceKind::ExternalName,
        (_, Some(_)) => ServiceKind::Headless,
        (_, None) => ServiceKind::ClusterIp,
    };
    let origin = written
        .or(headless)
        .map_or_else(|| object.spec_origin(), |fact| fact.origin);
    Fact::new(kind, origin)
}

fn port<'d>(object: &Object<'d>, item: Value<'d>, facts: &mut Facts) -> Option<ServicePort> {
    let number = port_number(object, item, "port", facts)?;
    let target = match item.get("targetPort") {
        Some(value) => match value.as_i64() {
            Some(0) => PortRef::Number(number),
            Some(_) => PortRef::Number(port_number(object, item, "targetPort", facts)?),
            None => value.to_text().map_or(PortRef::Number(number), |text| {
                match text.parse().ok().and_then(Port::new) {
                    Some(port) => PortRef::Number(port),
                    None => PortRef::Name(text),
                }
            }),
        },
        None => PortRef::Number(number),
    };
    Some(ServicePort {
        name: object.text_in(item, &["name"]).map(|fact| fact.value),
        port: number,
        target,
        protocol: protocol(object, item, facts)?,
        app_protocol: object
            .text_in(item, &["appProtocol"])
            .map(|fact| fact.value),
        node_port: optional_port(object, item, "nodePort", facts),
        origin: object.origin_of(item),
    })
}

/// The port under a key that must be there; `None` after a warning.
pub(super) fn port_number<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    key: &str,
    facts: &mut Facts,
) -> Option<Port> {
    let written = item.get(key).and_then(Value::to_text).unwrap_or_default();
    let port = written.parse().ok().and_then(Port::new);
    if port.is_none() {
        let message = format!("`{written}` is no port: expected a number from 1 to 65535");
        facts.warn(object.origin_of(item.get(key).unwrap_or(item)), message);
    }
    port
}

/// The port under a key that may be missing or zero.
pub(super) fn optional_port<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    key: &str,
    facts: &mut Facts,
) -> Option<Port> {
    let value = item.get(key)?;
    if value.is_null() || value.as_i64() == Some(0) {
        return None;
    }
    port_number(object, item, key, facts)
}

/// The `protocol` of a port, TCP when not written; `None` after a warning.
pub(super) fn protocol<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    facts: &mut Facts,
) -> Option<Protocol> {
    let Some(written) = object.text_in(item, &["protocol"]) else {
        return Some(Protocol::Tcp);
    };
    let protocol = protocol_of(&written.value);
    if protocol.is_none() {
        let message = format!(
            "`{}` is no protocol: expected TCP, UDP or SCTP",
            written.value
        );
        facts.warn(written.origin, message);
    }
    protocol
}

/// A protocol by its name, in any case.
pub(super) fn protocol_of(name: &str) -> Option<Protocol> {
    Protocol::ALL
        .into_iter()
        .find(|protocol| protocol.name().eq_ignore_ascii_case(name))
}

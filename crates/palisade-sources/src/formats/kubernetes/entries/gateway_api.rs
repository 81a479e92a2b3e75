//! Gateway API: Gateway, the routes attached to it, and `ReferenceGrant`.

use palisade_document::Value;
use palisade_model::{Backend, EntryKind, Fact, Listener, Port};

use super::{Admitted, GatewayListener, Route, door, port_ref};
use crate::facts::{Facts, ReferencePermission};
use crate::formats::kubernetes::linkerd;
use crate::object::{Object, labels};

const GROUP: &str = "gateway.networking.k8s.io";

/// Classes of gateways that serve the mesh itself and open no door.
const MESH_CLASSES: &[&str] = &["istio-waypoint", "istio-remote", "istio-east-west"];

/// Kinds of routes that a listener of a protocol takes in when it does not say.
const KINDS: &[(&str, &[&str])] = &[
    ("HTTP", &["HTTPRoute", "GRPCRoute"]),
    ("HTTPS", &["HTTPRoute", "GRPCRoute"]),
    ("TLS", &["TLSRoute", "TCPRoute"]),
    ("TCP", &["TCPRoute"]),
    ("UDP", &["UDPRoute"]),
];

/// What a listener of a protocol that only its implementation knows may take in.
const ALL_KINDS: &[&str] = &["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

/// Reads a Gateway.
pub(in crate::formats::kubernetes) fn gateway(object: &Object<'_>, facts: &mut Facts) {
    let class = object.text(&["spec", "gatewayClassName"]);
    let class_name = class.as_ref().map_or("", |class| class.value.as_str());
    if MESH_CLASSES.contains(&class_name) {
        return;
    }
    let mut door = door(object, EntryKind::Gateway);
    let more = object.at(&["spec", "infrastructure", "annotations"]);
    door.annotations
        .extend(more.map(labels).unwrap_or_default());
    door.internal = class_name.contains("rilb")
        || class_name.contains("internal")
        || super::internal::is_internal(&door.annotations);
    let mut admitting = Vec::new();
    for item in object.items(&["spec", "listeners"]) {
        let listener = listener(object, item);
        admitting.push(admits(object, item, &listener, facts));
        door.listeners.push(listener);
    }
    let key = (door.namespace.clone(), door.name.clone());
    facts.gateway_listeners.entry(key).or_insert(admitting);
    door.class = class;
    facts.model.entry_points.push(door);
}

/// Which routes a listener takes in. Without a word these are routes of the gateway's own namespace
/// and of the kinds of its protocol.
fn admits<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    listener: &Listener,
    facts: &mut Facts,
) -> GatewayListener {
    let from = object.text_in(item, &["allowedRoutes", "namespaces", "from"]);
    let selector = item.at(&["allowedRoutes", "namespaces", "selector"]);
    let namespaces = match from.as_ref().map_or("Same", |from| from.value.as_str()) {
        "All" => Admitted::All,
        "Selector" => selector
            .and_then(|selector| object.selector(selector, facts))
            .map_or(Admitted::None, Admitted::Labelled),
        "None" => Admitted::None,
        _ => Admitted::Same,
    };
    let said = item.at(&["allowedRoutes", "kinds"]);
    let mut kinds: Vec<String> = said
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|kind| kind.get("kind")?.to_text())
        .collect();
    if kinds.is_empty() {
        let of_protocol = KINDS.iter().find(|(name, _)| *name == listener.protocol);
        let of_protocol = of_protocol.map_or(ALL_KINDS, |(_, kinds)| *kinds);
        kinds = of_protocol.iter().map(ToString::to_string).collect();
    }
    GatewayListener {
        name: object
            .text_in(item, &["name"])
            .map(|fact| fact.value)
            .unwrap_or_default(),
        port: listener.port,
        hosts: listener
            .hosts
            .iter()
            .map(|host| (None, host.clone()))
            .collect(),
        namespaces,
        kinds,
    }
}

fn listener<'d>(object: &Object<'d>, item: Value<'d>) -> Listener {
    let protocol = object.text_in(item, &["protocol"]);
    let protocol = protocol.map_or_else(|| "HTTP".to_owned(), |fact| fact.value);
    let secured = item
        .get("tls")
        .filter(|_| protocol == "HTTPS" || protocol == "TLS");
    let tls = secured.map(|tls| {
        object
            .text_in(tls, &["mode"])
            .unwrap_or_else(|| Fact::new("Terminate".to_owned(), object.origin_of(tls)))
    });
    // A listener of protocol HTTPS or TLS whose certificate is managed elsewhere is no plain one.
    let implied = matches!(protocol.as_str(), "HTTPS" | "TLS")
        .then(|| Fact::new("Terminate".to_owned(), object.origin_of(item)));
    Listener {
        port: object
            .number_in(item, &["port"])
            .and_then(|fact| Port::new(fact.value)),
        protocol,
        hosts: object
            .text_in(item, &["hostname"])
            .map(|fact| fact.value)
            .into_iter()
            .collect(),
        tls: tls.or(implied),
        tls_min_version: None,
        redirects_to_tls: false,
        origin: object.origin_of(item),
    }
}

/// Reads an `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute` or `UDPRoute`.
pub(in crate::formats::kubernetes) fn route(object: &Object<'_>, facts: &mut Facts) {
    linkerd::route(object, facts);
    let mut own = door(object, EntryKind::Gateway);
    let hosts: Vec<String> = object
        .texts_in(object.value, &["spec", "hostnames"])
        .into_iter()
        .map(|fact| fact.value)
        .collect();
    let rules = object.items(&["spec", "rules"]);
    for rule in &rules {
        let matches: Vec<Value<'_>> = rule
            .get("matches")
            .into_iter()
            .flat_map(Value::items)
            .collect();
        let path = matches.iter().copied().find_map(path_of);
        let methods: Vec<String> = matches.into_iter().filter_map(method_of).collect();
        for target in rule.get("backendRefs").into_iter().flat_map(Value::items) {
            own.backends
                .extend(backend(object, target).map(|found| Backend {
                    hosts: hosts.clone(),
                    path: path.clone(),
                    methods: methods.clone(),
                    ..found
                }));
        }
    }
    let redirects = !rules.is_empty() && rules.iter().all(|rule| redirects_to_tls(*rule));
    for parent in object.items(&["spec", "parentRefs"]) {
        let text = |key: &str| object.text_in(parent, &[key]).map(|fact| fact.value);
        let is_gateway = text("kind").is_none_or(|kind| kind == "Gateway")
            && text("group").is_none_or(|group| group == GROUP);
        let (true, Some(name)) = (is_gateway, text("name")) else {
            continue;
        };
        let namespace = text("namespace").unwrap_or_else(|| own.namespace.clone());
        facts.routes.push(Route {
            door: EntryKind::Gateway,
            gateway: (namespace, name),
            section: text("sectionName"),
            port: object
                .number_in(parent, &["port"])
                .and_then(|fact| Port::new(fact.value)),
            hosts: hosts.clone(),
            delegates: Vec::new(),
            own: own.clone(),
            kind_name: object.kind.clone(),
            redirects,
        });
    }
}

fn path_of(matched: Value<'_>) -> Option<String> {
    matched.at(&["path", "value"])?.to_text()
}

/// An HTTP method, or a gRPC service and method.
fn method_of(matched: Value<'_>) -> Option<String> {
    let method = matched.get("method")?;
    if method.is_object() {
        let part = |key: &str| method.get(key).and_then(Value::to_text);
        let service = part("service").unwrap_or_else(|| "*".to_owned());
        return Some(format!(
            "/{service}/{}",
            part("method").unwrap_or_else(|| "*".to_owned())
        ));
    }
    method.to_text()
}

fn backend<'d>(object: &Object<'d>, target: Value<'d>) -> Option<Backend> {
    let text = |key: &str| object.text_in(target, &[key]).map(|fact| fact.value);
    if text("kind").is_some_and(|kind| kind != "Service") {
        return None;
    }
    Some(Backend {
        namespace: text("namespace").unwrap_or_else(|| object.namespace().to_owned()),
        service: text("name")?,
        port: target.get("port").and_then(port_ref),
        hosts: Vec::new(),
        path: None,
        methods: Vec::new(),
        permitted: true,
        origin: object.origin_of(target),
    })
}

fn redirects_to_tls(rule: Value<'_>) -> bool {
    rule.get("filters")
        .into_iter()
        .flat_map(Value::items)
        .any(|filter| {
            filter
                .at(&["requestRedirect", "scheme"])
                .and_then(Value::as_str)
                == Some("https")
        })
}

/// Reads a `ReferenceGrant`.
pub(in crate::formats::kubernetes) fn reference_grant(object: &Object<'_>, facts: &mut Facts) {
    for from in object.items(&["spec", "from"]) {
        let part = |key: &str| from.get(key).and_then(Value::to_text);
        if part("group").is_some_and(|group| group != GROUP) {
            continue;
        }
        let (Some(from_kind), Some(from_namespace)) = (part("kind"), part("namespace")) else {
            let message = "this entry of `from` needs a kind and a namespace";
            facts.warn(object.origin_of(from), message);
            continue;
        };
        for to in object.items(&["spec", "to"]) {
            let part = |key: &str| to.get(key).and_then(Value::to_text);
            facts.allowed_references.push(ReferencePermission {
                from_namespace: from_namespace.clone(),
                from_kind: from_kind.clone(),
                to_namespace: object.namespace().to_owned(),
                to_kind: part("kind").unwrap_or_default(),
                to_name: part("name"),
            });
        }
    }
}

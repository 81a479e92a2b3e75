//! What comes in through the mesh: Istio's Gateway and the `VirtualServices` bound to it.

use palisade_document::Value;
use palisade_model::{Backend, EntryKind, EntryPoint, Fact, Listener, Selector};

use super::{plain_texts, port};
use crate::facts::Facts;
use crate::formats::kubernetes::entries::{
    Admitted, Delegate, GatewayListener, Route, door, plain, port_ref,
};
use crate::object::{Object, labels};

/// Reads a Gateway.
pub(in crate::formats::kubernetes) fn gateway(object: &Object<'_>, facts: &mut Facts) {
    let mut found = door(object, EntryKind::IstioGateway);
    found.gateway_selector = object
        .at(&["spec", "selector"])
        .map(|pairs| Selector::from_labels(&labels(pairs)));
    let mut admitting = Vec::new();
    for server in object.items(&["spec", "servers"]) {
        let listener = listener(object, server);
        admitting.push(admits(object, server, &listener));
        found.listeners.push(listener);
    }
    let key = (found.namespace.clone(), found.name.clone());
    facts.gateway_listeners.entry(key).or_insert(admitting);
    facts.model.entry_points.push(found);
}

/// Which virtual services a server takes in: a host may be kept for those of one namespace.
fn admits<'d>(object: &Object<'d>, server: Value<'d>, listener: &Listener) -> GatewayListener {
    let hosts = plain_texts(object, server, &["hosts"]).into_iter();
    GatewayListener {
        name: object
            .text_in(server, &["port", "name"])
            .map(|fact| fact.value)
            .unwrap_or_default(),
        port: listener.port,
        hosts: hosts
            .map(|host| match host.split_once('/') {
                Some(("*", host)) => (None, host.to_owned()),
                Some((".", host)) => (Some(object.namespace().to_owned()), host.to_owned()),
                Some((owner, host)) => (Some(owner.to_owned()), host.to_owned()),
                None => (None, host),
            })
            .collect(),
        namespaces: Admitted::All,
        kinds: vec!["VirtualService".to_owned()],
    }
}

fn listener<'d>(object: &Object<'d>, server: Value<'d>) -> Listener {
    let protocol = object.text_in(server, &["port", "protocol"]);
    let protocol = protocol.map_or_else(|| "HTTP".to_owned(), |fact| fact.value);
    // A host may be narrowed to a namespace: `namespace/host`.
    let hosts = plain_texts(object, server, &["hosts"])
        .into_iter()
        .map(|host| host.rsplit('/').next().unwrap_or_default().to_owned())
        .filter(|host| host != "*")
        .collect();
    let tls = server.get("tls");
    let is_secured = matches!(protocol.as_str(), "HTTPS" | "TLS");
    let implied = is_secured.then(|| {
        let place = tls.unwrap_or(server);
        Fact::new("SIMPLE".to_owned(), object.origin_of(place))
    });
    let mut listener = plain(&protocol, hosts, object.origin_of(server));
    listener.port = server.at(&["port", "number"]).and_then(port);
    listener.redirects_to_tls = tls
        .and_then(|tls| tls.get("httpsRedirect"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    listener.tls = tls
        .and_then(|tls| object.text_in(tls, &["mode"]))
        .or(implied);
    listener.tls_min_version = tls.and_then(|tls| object.text_in(tls, &["minProtocolVersion"]));
    listener
}

/// Reads a `VirtualService`; one that is bound to the mesh alone opens no door.
pub(in crate::formats::kubernetes) fn virtual_service(object: &Object<'_>, facts: &mut Facts) {
    let mut own = door(object, EntryKind::IstioGateway);
    let hosts: Vec<String> = plain_texts(object, object.value, &["spec", "hosts"])
        .into_iter()
        .filter(|host| host != "*")
        .collect();
    let mut delegates = Vec::new();
    for protocol in ["http", "tls", "tcp"] {
        for rule in object.items(&["spec", protocol]) {
            add_backends(object, rule, &hosts, &mut own);
            delegates.extend(delegate(object, rule));
        }
    }
    // Without hosts it holds rules that others hand requests to.
    if object.items(&["spec", "hosts"]).is_empty() {
        let key = (object.namespace().to_owned(), object.name.clone());
        facts.delegated.entry(key).or_insert(own.backends);
        return;
    }
    for name in plain_texts(object, object.value, &["spec", "gateways"]) {
        if name == "mesh" {
            continue;
        }
        facts.routes.push(Route {
            door: EntryKind::IstioGateway,
            gateway: gateway_name(&name, object.namespace()),
            section: None,
            port: None,
            hosts: hosts.clone(),
            delegates: delegates.clone(),
            own: own.clone(),
            kind_name: object.kind.clone(),
            redirects: false,
        });
    }
}

/// `namespace/name`, `name`, or the older `name.namespace.svc.cluster.local`.
fn gateway_name(written: &str, namespace: &str) -> (String, String) {
    if let Some((owner, name)) = written.split_once('/') {
        let owner = if owner == "." { namespace } else { owner };
        return (owner.to_owned(), name.to_owned());
    }
    if let Some((name, rest)) = written.split_once('.') {
        let owner = rest.split('.').next().unwrap_or_default();
        return (owner.to_owned(), name.to_owned());
    }
    (namespace.to_owned(), written.to_owned())
}

/// The rules that a rule hands its requests to.
fn delegate<'d>(object: &Object<'d>, rule: Value<'d>) -> Option<Delegate> {
    let target = rule.get("delegate")?;
    let namespace = object.text_in(target, &["namespace"]);
    let (path, methods) = narrowing(rule);
    Some(Delegate {
        target: (
            namespace.map_or_else(|| object.namespace().to_owned(), |fact| fact.value),
            target.get("name")?.to_text()?,
        ),
        path,
        methods,
        origin: object.origin_of(target),
    })
}

/// The path and the methods that a rule is narrowed to.
fn narrowing(rule: Value<'_>) -> (Option<String>, Vec<String>) {
    let matches: Vec<Value<'_>> = rule
        .get("match")
        .into_iter()
        .flat_map(Value::items)
        .collect();
    let path = matches.iter().find_map(|item| {
        let uri = item.get("uri")?;
        ["prefix", "exact", "regex"]
            .iter()
            .find_map(|key| uri.get(key)?.to_text())
    });
    let methods: Vec<String> = matches
        .iter()
        .filter_map(|item| item.at(&["method", "exact"])?.to_text())
        .collect();
    (path, methods)
}

fn add_backends<'d>(object: &Object<'d>, rule: Value<'d>, hosts: &[String], door: &mut EntryPoint) {
    let (path, methods) = narrowing(rule);
    // Mirrored requests reach their destination like others do.
    let mirrors = rule.get("mirrors").into_iter().flat_map(Value::items);
    let routed = rule
        .get("route")
        .into_iter()
        .flat_map(Value::items)
        .chain(mirrors);
    let routed = routed.filter_map(|target| Some((target, target.get("destination")?)));
    let mirror = rule.get("mirror").map(|target| (target, target));
    for (target, destination) in routed.chain(mirror) {
        let host = object.text_in(destination, &["host"]);
        let service = host.and_then(|host| service_of(&host.value, object.namespace()));
        let Some((namespace, service)) = service else {
            continue;
        };
        door.backends.push(Backend {
            namespace,
            service,
            port: destination.at(&["port", "number"]).and_then(port_ref),
            hosts: hosts.to_vec(),
            path: path.clone(),
            methods: methods.clone(),
            permitted: true,
            origin: object.origin_of(target),
        });
    }
}

/// The service of a host: a short name is one of the rule's own namespace; a name outside the
/// cluster is none.
fn service_of(host: &str, namespace: &str) -> Option<(String, String)> {
    let mut parts = host.split('.');
    let name = parts.next()?.to_owned();
    match (parts.next(), parts.next()) {
        (None, _) => Some((namespace.to_owned(), name)),
        (Some(owner), None | Some("svc")) => Some((owner.to_owned(), name)),
        (Some(_), Some(_)) => None,
    }
}

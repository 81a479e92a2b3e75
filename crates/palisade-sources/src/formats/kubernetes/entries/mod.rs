//! Doors from outside: Ingress, Gateway API and OpenShift Route.
//!
//! A route and the gateway that it is attached to may stand in different files, so routes wait in
//! [`Facts`] until [`finish`].

mod attachment;
mod gateway_api;
mod ingress;
mod internal;
mod openshift;

pub(crate) use attachment::{Admitted, GatewayListener};
pub(crate) use ingress::IngressClass;
pub(crate) use internal::is_internal;

use palisade_document::Value;
use palisade_model::{
    Backend, EntryKind, EntryPoint, Fact, Listener, NodeId, NodeKind, Origin, Port, PortRef,
};

use crate::facts::Facts;
use crate::object::Object;

pub(super) use self::gateway_api::{
    gateway as gateway_api_gateway, reference_grant, route as gateway_api_route,
};
pub(super) use self::ingress::{class as ingress_class, ingress};
pub(super) use self::openshift::route as openshift_route;

/// A route that waits for its gateway.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Kind of the gateway.
    pub(crate) door: EntryKind,
    /// Namespace and name of the gateway.
    pub(crate) gateway: (String, String),
    /// The one listener of the gateway that it is attached to; `None` is every one.
    pub(crate) section: Option<String>,
    /// The port of the listeners that it is attached to; `None` is every one.
    pub(crate) port: Option<Port>,
    /// Hosts that it is for; empty means any.
    pub(crate) hosts: Vec<String>,
    /// Other rules that some of its requests are handed to.
    pub(crate) delegates: Vec<Delegate>,
    /// The route by itself: a door with backends and no listeners.
    pub(crate) own: EntryPoint,
    /// Kind as written, such as `HTTPRoute`.
    pub(crate) kind_name: String,
    /// Whether it only redirects to TLS.
    pub(crate) redirects: bool,
}

/// Rules under another name that a route hands requests to.
#[derive(Debug, Clone)]
pub(crate) struct Delegate {
    /// Namespace and name of the rules.
    pub(crate) target: (String, String),
    /// Path of the requests, where it is narrowed.
    pub(crate) path: Option<String>,
    /// Methods of the requests; empty means any.
    pub(crate) methods: Vec<String>,
    /// Where it stands.
    pub(crate) origin: Origin,
}

/// Attaches routes to their gateways, and decides which references are permitted.
pub(crate) fn finish(facts: &mut Facts) {
    ingress::settle(facts);
    for route in std::mem::take(&mut facts.routes) {
        attach(route, facts);
    }
    for door in &mut facts.model.entry_points {
        let mut kept: Vec<Backend> = Vec::new();
        for backend in std::mem::take(&mut door.backends) {
            if !kept.iter().any(|other| leads_alike(other, &backend)) {
                kept.push(backend);
            }
        }
        door.backends = kept;
    }
}

fn leads_alike(one: &Backend, other: &Backend) -> bool {
    let key = |it: &Backend| (it.port.clone(), it.path.clone(), it.permitted);
    one.namespace == other.namespace
        && one.service == other.service
        && one.hosts == other.hosts
        && one.methods == other.methods
        && key(one) == key(other)
}

fn attach(mut route: Route, facts: &mut Facts) {
    let from = route.own.namespace.clone();
    for backend in &mut route.own.backends {
        backend.permitted = backend.namespace == from
            || route.door == EntryKind::IstioGateway
            || facts.allowed_references.iter().any(|grant| {
                grant.from_namespace == from
                    && grant.from_kind == route.kind_name
                    && grant.to_namespace == backend.namespace
                    && grant.to_kind == "Service"
                    && grant
                        .to_name
                        .as_ref()
                        .is_none_or(|name| *name == backend.service)
            });
    }
    delegate(&mut route, facts);
    let (namespace, name) = &route.gateway;
    let is_gateway = |door: &EntryPoint| {
        door.kind == route.door && door.namespace == *namespace && door.name == *name
    };
    if !facts.model.entry_points.iter().any(is_gateway) {
        let message = format!(
            "this {} is attached to the gateway `{namespace}/{name}`, which no file declares",
            route.kind_name
        );
        facts.note(route.own.origin.clone(), message);
        facts.model.entry_points.push(route.own);
        return;
    }
    let listeners = facts.gateway_listeners.get(&route.gateway);
    let listeners = listeners.map_or(&[][..], Vec::as_slice);
    let ports: Vec<Option<Port>> = match attachment::admitting(&route, listeners, &facts.model) {
        Ok(admitting) => admitting.iter().map(|listener| listener.port).collect(),
        Err(reason) => {
            let message = format!(
                "this {} is not attached to the gateway `{namespace}/{name}`: {reason}",
                route.kind_name
            );
            return facts.warn(route.own.origin, message);
        }
    };
    for door in facts
        .model
        .entry_points
        .iter_mut()
        .filter(|door| is_gateway(door))
    {
        if route.redirects {
            redirect(door, &ports);
        }
        door.backends.extend(route.own.backends.iter().cloned());
    }
}

/// Adds what the rules that a route hands requests to lead to.
fn delegate(route: &mut Route, facts: &mut Facts) {
    for delegate in std::mem::take(&mut route.delegates) {
        let Some(backends) = facts.delegated.get(&delegate.target) else {
            let (namespace, name) = &delegate.target;
            let message = format!(
                "requests are handed to `{namespace}/{name}`, which no file declares as a VirtualService without hosts"
            );
            facts.warn(delegate.origin, message);
            continue;
        };
        for backend in backends {
            let mut found = backend.clone();
            found.hosts.clone_from(&route.hosts);
            found.path = found.path.or_else(|| delegate.path.clone());
            if found.methods.is_empty() {
                found.methods.clone_from(&delegate.methods);
            }
            route.own.backends.push(found);
        }
    }
}

/// Marks the plain listeners of these ports, since a redirecting route is attached to them.
fn redirect(door: &mut EntryPoint, ports: &[Option<Port>]) {
    for listener in &mut door.listeners {
        if listener.tls.is_none() && ports.contains(&listener.port) {
            listener.redirects_to_tls = true;
        }
    }
}

/// A door of this object, without listeners and backends.
pub(super) fn door(object: &Object<'_>, kind: EntryKind) -> EntryPoint {
    let id = format!("{}[{}]", object.full_name(), object.kind);
    EntryPoint {
        id: NodeId::new(NodeKind::EntryPoint, &id),
        name: object.name.clone(),
        namespace: object.namespace().to_owned(),
        kind,
        listeners: Vec::new(),
        backends: Vec::new(),
        class: None,
        annotations: object.own_annotations(),
        gateway_selector: None,
        internal: false,
        origin: object.whole(),
        content: object.content(),
    }
}

/// A listener without TLS.
pub(super) fn plain(protocol: &str, hosts: Vec<String>, origin: Origin) -> Listener {
    Listener {
        port: None,
        protocol: protocol.to_owned(),
        hosts,
        tls: None,
        tls_min_version: None,
        redirects_to_tls: false,
        origin,
    }
}

/// A listener with TLS, of this mode.
fn secured(hosts: Vec<String>, mode: Fact<String>) -> Listener {
    let mut listener = plain("HTTPS", hosts, mode.origin.clone());
    listener.tls = Some(mode);
    listener
}

/// Keys of ports in objects that say where requests go.
const PORT_KEYS: [&str; 3] = ["number", "port", "servicePort"];

/// Tells numbers that are no ports; what they narrow is then read without a port.
pub(super) fn tell_ports(object: &Object<'_>, facts: &mut Facts) {
    let mut waiting: Vec<Value<'_>> = object.at(&["spec"]).into_iter().collect();
    while let Some(value) = waiting.pop() {
        waiting.extend(value.items());
        for entry in value.entries() {
            waiting.push(entry.value);
            let number = entry.value.as_i64();
            if PORT_KEYS.contains(&entry.key)
                && let Some(number) = number.filter(|number| Port::new(*number).is_none())
            {
                let message = format!("`{number}` is no port: expected a number from 1 to 65535");
                facts.warn(object.origin_of(entry.value), message);
            }
        }
    }
}

/// A port by its number, or else by its name.
pub(super) fn port_ref(value: Value<'_>) -> Option<PortRef> {
    let text = value.to_text()?;
    match text.parse() {
        Ok(number) => Port::new(number).map(PortRef::Number),
        Err(_) => Some(PortRef::Name(text)),
    }
}

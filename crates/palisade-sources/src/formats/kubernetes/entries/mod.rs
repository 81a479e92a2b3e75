//! Doors from outside: Ingress, Gateway API and OpenShift Route.
//!
//! A route and the gateway that it is attached to may stand in different files, so routes wait in
//! [`Facts`] until [`finish`].

mod gateway_api;
mod ingress;
mod internal;
mod openshift;

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
pub(super) use self::ingress::ingress;
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
    /// The route by itself: a door with backends and no listeners.
    pub(crate) own: EntryPoint,
    /// Kind as written, such as `HTTPRoute`.
    pub(crate) kind_name: String,
    /// Whether it only redirects to TLS.
    pub(crate) redirects: bool,
}

/// Attaches routes to their gateways, and decides which references are permitted.
pub(crate) fn finish(facts: &mut Facts) {
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
    let mut attached = false;
    let (namespace, name) = &route.gateway;
    let port = route.section.as_ref().map(|section| {
        let key = (namespace.clone(), name.clone(), section.clone());
        facts.gateway_ports.get(&key).copied()
    });
    for door in &mut facts.model.entry_points {
        if door.kind != route.door || door.namespace != *namespace || door.name != *name {
            continue;
        }
        attached = true;
        match port {
            None if route.redirects => redirect(door, None),
            Some(Some(port)) if route.redirects => redirect(door, Some(port)),
            _ => {}
        }
        door.backends.extend(route.own.backends.iter().cloned());
    }
    if !attached {
        let message = format!(
            "this {} is attached to the gateway `{namespace}/{name}`, which no file declares",
            route.kind_name
        );
        facts.note(route.own.origin.clone(), message);
        facts.model.entry_points.push(route.own);
    }
}

/// Marks the plain listeners that a redirecting route is attached to: all, or those of one port.
fn redirect(door: &mut EntryPoint, port: Option<Port>) {
    for listener in &mut door.listeners {
        if listener.tls.is_none() && (port.is_none() || listener.port == port) {
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

/// A port by its number, or else by its name.
pub(super) fn port_ref(value: Value<'_>) -> Option<PortRef> {
    let text = value.to_text()?;
    match text.parse() {
        Ok(number) => Port::new(number).map(PortRef::Number),
        Err(_) => Some(PortRef::Name(text)),
    }
}

//! Linkerd's policies (`policy.linkerd.io`).

use palisade_document::Value;
use palisade_model::{
    Control, ControlKind, LinkerdAuthentication, LinkerdAuthorization, LinkerdServer,
    LinkerdTarget, MeshTlsAuthentication, NetworkAuthentication, NodeId, NodeKind, Port, PortRef,
    Selector,
};

use crate::facts::Facts;
use crate::object::Object;

/// An authorization for the servers with some labels.
#[derive(Debug)]
pub(crate) struct ServerSelection {
    /// The authorization, about no server yet.
    pub(crate) control: Control,
    /// The servers.
    pub(crate) selector: Selector,
}

/// Reads a Server.
pub(super) fn server(object: &Object<'_>, facts: &mut Facts) {
    let port = object
        .at(&["spec", "port"])
        .and_then(Value::to_text)
        .and_then(|text| match text.parse() {
            Ok(number) => Port::new(number).map(PortRef::Number),
            Err(_) => Some(PortRef::Name(text)),
        });
    let Some(port) = port else {
        facts.warn(object.spec_origin(), "this Server names no valid `port`");
        return;
    };
    let Some(pods) = object.at(&["spec", "podSelector"]) else {
        let message = "this Server has no `podSelector`, so it was left out";
        facts.note(object.spec_origin(), message);
        return;
    };
    let Some(pods) = object.selector(pods, facts) else {
        return;
    };
    let server = LinkerdServer {
        namespace: object.namespace().to_owned(),
        name: object.name.clone(),
        pods,
        port,
        proxy_protocol: object
            .text(&["spec", "proxyProtocol"])
            .map(|fact| fact.value),
        access_policy: object.text(&["spec", "accessPolicy"]),
    };
    push(object, ControlKind::LinkerdServer(server), facts);
}

/// Reads an `AuthorizationPolicy` of Linkerd.
pub(super) fn authorization_policy(object: &Object<'_>, facts: &mut Facts) {
    let text = |key: &str| object.text(&["spec", "targetRef", key]);
    let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
        let message = "this AuthorizationPolicy says not what it is about: `targetRef` needs a kind and a name";
        facts.warn(object.spec_origin(), message);
        return;
    };
    let name = name.value;
    let target = match kind.value.as_str() {
        "Server" => LinkerdTarget::Server { name },
        "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" => LinkerdTarget::HttpRoute {
            name,
            servers: Vec::new(),
        },
        "Namespace" => LinkerdTarget::Namespace { name },
        other => {
            let message = format!(
                "`{other}` cannot be authorized: expected Server, HTTPRoute, GRPCRoute or Namespace"
            );
            facts.warn(kind.origin, message);
            return;
        }
    };
    let required = object
        .items(&["spec", "requiredAuthenticationRefs"])
        .into_iter()
        .filter_map(|item| authentication(object, item))
        .collect();
    let authorization = LinkerdAuthorization {
        namespace: object.namespace().to_owned(),
        target,
        required,
    };
    let kind = ControlKind::LinkerdAuthorization(authorization);
    push(object, kind, facts);
}

fn authentication<'d>(object: &Object<'d>, item: Value<'d>) -> Option<LinkerdAuthentication> {
    let namespace = object.text_in(item, &["namespace"]);
    Some(LinkerdAuthentication {
        kind: item.get("kind")?.to_text()?,
        name: item.get("name")?.to_text()?,
        namespace: namespace.map_or_else(|| object.namespace().to_owned(), |fact| fact.value),
    })
}

/// Reads a `ServerAuthorization`, the older form: its conditions become authentications of its own.
pub(super) fn server_authorization(object: &Object<'_>, facts: &mut Facts) {
    let named = object.text(&["spec", "server", "name"]);
    let selector = object.at(&["spec", "server", "selector"]);
    let selector = selector.and_then(|value| object.selector(value, facts));
    if named.is_none() && selector.is_none() {
        let message = "this ServerAuthorization names no server, so it was left out; name one with `server.name` or `server.selector`";
        facts.warn(object.spec_origin(), message);
        return;
    }
    let client = object.at(&["spec", "client"]);
    let open = client
        .and_then(|client| client.get("unauthenticated"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let mut required = Vec::new();
    if let Some(tls) = client.and_then(|client| client.get("meshTLS"))
        && tls.get("unauthenticatedTLS").and_then(Value::as_bool) != Some(true)
        && !open
    {
        required.push(own_reference(object, "MeshTLSAuthentication"));
        let kind = ControlKind::MeshTlsAuthentication(mesh_tls_of(object, tls));
        facts.model.controls.push(part(object, kind, "meshTLS"));
    }
    let networks = client.and_then(|client| client.get("networks"));
    if let Some(networks) = networks {
        required.push(own_reference(object, "NetworkAuthentication"));
        let kind = ControlKind::NetworkAuthentication(networks_of(object, networks));
        facts.model.controls.push(part(object, kind, "networks"));
    }
    let authorization = LinkerdAuthorization {
        namespace: object.namespace().to_owned(),
        target: LinkerdTarget::Server {
            name: named.map(|fact| fact.value).unwrap_or_default(),
        },
        required,
    };
    let kind = ControlKind::LinkerdAuthorization(authorization);
    match selector {
        Some(selector) => facts.server_selections.push(ServerSelection {
            control: object.control(kind),
            selector,
        }),
        None => push(object, kind, facts),
    }
}

/// The name under which the conditions of a `ServerAuthorization` are kept; no object can have it.
fn own_name(object: &Object<'_>) -> String {
    format!("ServerAuthorization/{}", object.name)
}

fn own_reference(object: &Object<'_>, kind: &str) -> LinkerdAuthentication {
    LinkerdAuthentication {
        kind: kind.to_owned(),
        name: own_name(object),
        namespace: object.namespace().to_owned(),
    }
}

fn mesh_tls_of<'d>(object: &Object<'d>, tls: Value<'d>) -> MeshTlsAuthentication {
    let identities = object.texts_in(tls, &["identities"]).into_iter();
    let accounts = tls
        .get("serviceAccounts")
        .into_iter()
        .flat_map(Value::items);
    MeshTlsAuthentication {
        namespace: object.namespace().to_owned(),
        name: own_name(object),
        identities: identities.map(|fact| fact.value).collect(),
        service_accounts: accounts.filter_map(|item| account(object, item)).collect(),
    }
}

fn networks_of<'d>(object: &Object<'d>, networks: Value<'d>) -> NetworkAuthentication {
    let blocks = networks.items().filter_map(|item| network(object, item));
    NetworkAuthentication {
        namespace: object.namespace().to_owned(),
        name: own_name(object),
        networks: blocks.collect(),
    }
}

/// A block as written, with the parts of it that are left out.
fn network<'d>(object: &Object<'d>, item: Value<'d>) -> Option<String> {
    let block = item.get("cidr").unwrap_or(item).to_text()?;
    let except = object.texts_in(item, &["except"]);
    if except.is_empty() {
        return Some(block);
    }
    let except: Vec<String> = except.into_iter().map(|fact| fact.value).collect();
    Some(format!("{block} except {}", except.join(" and ")))
}

/// Reads which servers a route is attached to, whichever group the route is of.
pub(super) fn route(object: &Object<'_>, facts: &mut Facts) {
    let parents = object.items(&["spec", "parentRefs"]);
    let servers: Vec<String> = parents
        .iter()
        .filter(|parent| parent.get("kind").and_then(Value::as_str) == Some("Server"))
        .filter_map(|parent| parent.get("name")?.to_text())
        .collect();
    if !servers.is_empty() {
        let key = (object.namespace().to_owned(), object.name.clone());
        facts.server_routes.entry(key).or_insert(servers);
    }
}

/// `namespace/name` of a service account; `*` when only a namespace is named.
fn account<'d>(object: &Object<'d>, item: Value<'d>) -> Option<String> {
    let namespace = item.get("namespace").and_then(Value::to_text);
    let namespace = namespace.as_deref().unwrap_or(object.namespace());
    Some(format!("{namespace}/{}", item.get("name")?.to_text()?))
}

/// Reads a `MeshTLSAuthentication`.
pub(super) fn mesh_tls_authentication(object: &Object<'_>, facts: &mut Facts) {
    let mut accounts = Vec::new();
    for item in object.items(&["spec", "identityRefs"]) {
        let kind = item.get("kind").and_then(Value::to_text);
        match kind.as_deref() {
            Some("ServiceAccount") => accounts.extend(account(object, item)),
            Some("Namespace") => accounts.extend(
                item.get("name")
                    .and_then(Value::to_text)
                    .map(|name| format!("{name}/*")),
            ),
            _ => facts.warn(
                object.origin_of(item),
                "an identity reference must be a ServiceAccount or a Namespace",
            ),
        }
    }
    let identities = object.texts_in(object.value, &["spec", "identities"]);
    let authentication = MeshTlsAuthentication {
        namespace: object.namespace().to_owned(),
        name: object.name.clone(),
        identities: identities.into_iter().map(|fact| fact.value).collect(),
        service_accounts: accounts,
    };
    let kind = ControlKind::MeshTlsAuthentication(authentication);
    push(object, kind, facts);
}

/// Reads a `NetworkAuthentication`.
pub(super) fn network_authentication(object: &Object<'_>, facts: &mut Facts) {
    let networks = object.items(&["spec", "networks"]).into_iter();
    let authentication = NetworkAuthentication {
        namespace: object.namespace().to_owned(),
        name: object.name.clone(),
        networks: networks.filter_map(|item| network(object, item)).collect(),
    };
    let kind = ControlKind::NetworkAuthentication(authentication);
    push(object, kind, facts);
}

fn push(object: &Object<'_>, kind: ControlKind, facts: &mut Facts) {
    facts.model.controls.push(object.control(kind));
}

/// A control that is only a part of its object.
fn part(object: &Object<'_>, kind: ControlKind, field: &str) -> Control {
    let mut control = object.control(kind);
    let name = format!("{}/{}#{field}", object.kind, object.full_name());
    control.id = NodeId::new(NodeKind::Control, &name);
    control
}

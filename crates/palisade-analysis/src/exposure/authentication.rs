//! Whether a door lets through only callers that it knows.

use palisade_model::{EntryKind, EntryPoint, Labels, Port, Workload};

use crate::exposure::AuthState;
use crate::mesh::{Caller, MeshView, Verdict, labels_asked};

/// Images that sign callers in before they pass a request on.
const SIGN_IN_PROXIES: [&str; 6] = [
    "authelia/authelia",
    "goauthentik/proxy",
    "oauth2-proxy",
    "pomerium/pomerium",
    "thomseddon/traefik-forward-auth",
    "vouch/vouch-proxy",
];

/// Annotations that name something by a chosen name; the name tells whether it authenticates.
const NAMED: [&str; 2] = [
    "traefik.ingress.kubernetes.io/router.middlewares",
    "konghq.com/plugins",
];

/// Words in such a name that say so.
const AUTHENTICATING: [&str; 6] = ["auth", "jwt", "oidc", "sso", "saml", "login"];

/// Whether callers of a workload's port through a door are known. `gateways` are the door's pods,
/// or `None` where callers reach the workload's own port.
pub(super) fn of(
    mesh: &MeshView<'_>,
    entry: &EntryPoint,
    gateways: Option<&[&Workload]>,
    (workload, port): (&Workload, Option<Port>),
) -> AuthState {
    let found = by_listener(entry)
        .or_else(|| by_annotation(&entry.annotations))
        .or_else(|| by_sign_in_proxy(workload, port))
        .or_else(|| by_gateway(mesh, entry, gateways.unwrap_or_default()))
        .or_else(|| by_workload(mesh, workload))
        .or_else(|| by_mesh_identity(mesh, gateways, workload, port));
    if let Some(words) = found {
        return AuthState::Authenticated(words);
    }
    if NAMED.iter().any(|key| entry.annotations.contains_key(key)) {
        return AuthState::Unknown;
    }
    AuthState::Unauthenticated
}

fn by_listener(entry: &EntryPoint) -> Option<String> {
    let mut serving = entry
        .listeners
        .iter()
        .filter(|listener| !listener.redirects_to_tls)
        .peekable();
    serving.peek()?;
    let mutual = serving.all(|listener| {
        listener
            .tls
            .as_ref()
            .is_some_and(|tls| matches!(tls.value.as_str(), "MUTUAL" | "ISTIO_MUTUAL"))
    });
    mutual.then(|| "every listener requires a client certificate".to_owned())
}

fn by_annotation(annotations: &Labels) -> Option<String> {
    let said = |key: &str| annotations.get(key).map(String::as_str);
    let nginx = |name: &str| said(&format!("nginx.ingress.kubernetes.io/{name}"));
    if nginx("auth-url").is_some_and(|url| !url.is_empty()) {
        return Some("each request is checked by an outside service (`auth-url`)".to_owned());
    }
    let verifies = nginx("auth-tls-verify-client").unwrap_or("on");
    if nginx("auth-tls-secret").is_some() && verifies == "on" {
        return Some("client certificates are verified (`auth-tls-secret`)".to_owned());
    }
    for key in [
        "nginx.ingress.kubernetes.io/auth-type",
        "haproxy.org/auth-type",
        "haproxy-ingress.github.io/auth-type",
        "alb.ingress.kubernetes.io/auth-type",
    ] {
        let kind = said(key).filter(|kind| !matches!(*kind, "" | "none"));
        if let Some(kind) = kind {
            return Some(format!(
                "the ingress signs callers in (`auth-type: {kind}`)"
            ));
        }
    }
    for key in [
        "haproxy-ingress.github.io/auth-url",
        "haproxy-ingress.github.io/oauth",
    ] {
        if said(key).is_some() {
            return Some(format!(
                "each request is checked by an outside service (`{key}`)"
            ));
        }
    }
    let mutual = said("alb.ingress.kubernetes.io/mutual-authentication")?;
    if mutual.contains("verify") {
        return Some("the load balancer verifies client certificates".to_owned());
    }
    None
}

/// A middleware or plugin whose name says that it authenticates.
fn by_named(annotations: &Labels) -> Option<String> {
    NAMED.iter().find_map(|key| {
        let value = annotations.get(key)?;
        let lower = value.to_ascii_lowercase();
        AUTHENTICATING
            .iter()
            .any(|word| lower.contains(word))
            .then(|| format!("`{value}` authenticates requests"))
    })
}

/// A proxy that signs callers in and listens on the port: the workload itself or a sidecar.
fn by_sign_in_proxy(workload: &Workload, port: Option<Port>) -> Option<String> {
    let listens = |container: &&palisade_model::Container| {
        workload.containers.len() == 1 || container.ports.iter().any(|own| Some(own.port) == port)
    };
    workload
        .containers
        .iter()
        .filter(listens)
        .filter_map(|container| container.image.as_ref())
        .find_map(|image| {
            let repository = image.value.repository.as_str();
            let known = SIGN_IN_PROXIES
                .iter()
                .find(|known| repository.ends_with(**known))?;
            Some(format!("`{known}` signs callers in"))
        })
}

fn by_gateway(mesh: &MeshView<'_>, entry: &EntryPoint, gateways: &[&Workload]) -> Option<String> {
    if let Some(words) = by_named(&entry.annotations) {
        return Some(words);
    }
    let asked = match entry.kind {
        EntryKind::IstioGateway => labels_asked(entry.gateway_selector.as_ref()?),
        EntryKind::Gateway => Labels::from([(
            "gateway.networking.k8s.io/gateway-name".to_owned(),
            entry.name.clone(),
        )]),
        _ => return None,
    };
    let known: Vec<(&str, &Labels)> = if gateways.is_empty() {
        vec![
            (entry.namespace.as_str(), &asked),
            (mesh.root_namespace(), &asked),
        ]
    } else {
        gateways
            .iter()
            .map(|workload| (workload.namespace.as_str(), &workload.pod_labels))
            .collect()
    };
    let token =
        |(namespace, labels): &(&str, &Labels)| mesh.gateway_requires_token(namespace, labels);
    // Pods of a gateway that is not in the code are in one of the two namespaces; known ones must
    // all ask.
    let requires = if gateways.is_empty() {
        known.iter().any(token)
    } else {
        known.iter().all(token)
    };
    if requires {
        return Some("the gateway requires a valid token".to_owned());
    }
    known
        .iter()
        .find_map(|(namespace, labels)| mesh.gateway_delegates_to(namespace, labels))
        .map(|provider| format!("the gateway asks `{provider}` about each request"))
}

fn by_workload(mesh: &MeshView<'_>, workload: &Workload) -> Option<String> {
    if mesh.requires_request_token(&workload.id) {
        return Some("the workload's mesh policy requires a valid token".to_owned());
    }
    mesh.delegates_to(&workload.id)
        .map(|provider| format!("the workload's proxy asks `{provider}` about each request"))
}

/// Callers of the workload's own port that have no identity of the mesh may be refused. Behind a
/// gateway this says nothing: the gateway has one.
fn by_mesh_identity(
    mesh: &MeshView<'_>,
    gateways: Option<&[&Workload]>,
    workload: &Workload,
    port: Option<Port>,
) -> Option<String> {
    let (None, Some(port)) = (gateways, port) else {
        return None;
    };
    let decision = mesh.authorization(Caller::Internet, &workload.id, port);
    (decision.verdict == Verdict::Denied)
        .then(|| "the mesh refuses callers without an identity".to_owned())
}

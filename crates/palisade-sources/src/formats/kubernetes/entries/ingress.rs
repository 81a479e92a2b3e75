//! Ingress of both API groups.

use palisade_document::Value;
use palisade_model::{Backend, EntryKind, EntryPoint, Fact, Labels, Listener};

use super::{door, plain, port_ref, secured};
use crate::facts::Facts;
use crate::object::Object;

/// Annotations by which controllers redirect plain requests to TLS.
const REDIRECTS: &[&str] = &[
    "alb.ingress.kubernetes.io/ssl-redirect",
    "appgw.ingress.kubernetes.io/ssl-redirect",
    "haproxy-ingress.github.io/ssl-redirect",
    "haproxy.org/ssl-redirect",
    "ingress.kubernetes.io/force-ssl-redirect",
    "ingress.kubernetes.io/ssl-redirect",
    "nginx.ingress.kubernetes.io/force-ssl-redirect",
    "nginx.ingress.kubernetes.io/ssl-redirect",
    "traefik.ingress.kubernetes.io/redirect-entry-point",
];

/// Annotations that give every host a certificate.
const CERTIFICATES: &[&str] = &[
    "alb.ingress.kubernetes.io/certificate-arn",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
];

/// Reads an Ingress.
pub(in crate::formats::kubernetes) fn ingress(object: &Object<'_>, facts: &mut Facts) {
    let mut door = door(object, EntryKind::Ingress);
    door.class = object
        .text(&["spec", "ingressClassName"])
        .or_else(|| object.text(&["metadata", "annotations", "kubernetes.io/ingress.class"]));
    door.internal = is_internal(&door);
    let default = object
        .at(&["spec", "defaultBackend"])
        .or_else(|| object.at(&["spec", "backend"]));
    if let Some(value) = default {
        door.backends.extend(backend(object, value));
    }
    let mut hosts = Vec::new();
    for rule in object.items(&["spec", "rules"]) {
        let host = rule.get("host").and_then(Value::to_text);
        let own: Vec<String> = host.into_iter().collect();
        for path in rule
            .at(&["http", "paths"])
            .into_iter()
            .flat_map(Value::items)
        {
            let Some(target) = path.get("backend") else {
                facts.warn(object.origin_of(path), "this path has no `backend`");
                continue;
            };
            door.backends
                .extend(backend(object, target).map(|found| Backend {
                    hosts: own.clone(),
                    path: path.get("path").and_then(Value::to_text),
                    origin: object.origin_of(path),
                    ..found
                }));
        }
        hosts.push(own);
    }
    door.listeners = listeners(object, &door, &hosts);
    facts.model.entry_points.push(door);
}

/// `service.name` and `service.port`, or the older `serviceName` and `servicePort`.
fn backend<'d>(object: &Object<'d>, value: Value<'d>) -> Option<Backend> {
    let name = value
        .at(&["service", "name"])
        .or_else(|| value.get("serviceName"))?
        .to_text()?;
    let port = value
        .at(&["service", "port", "number"])
        .or_else(|| value.at(&["service", "port", "name"]))
        .or_else(|| value.get("servicePort"));
    Some(Backend {
        namespace: object.namespace().to_owned(),
        service: name,
        port: port.and_then(port_ref),
        hosts: Vec::new(),
        path: None,
        methods: Vec::new(),
        permitted: true,
        origin: object.origin_of(value),
    })
}

fn listeners(object: &Object<'_>, door: &EntryPoint, rules: &[Vec<String>]) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let mut covered: Vec<String> = Vec::new();
    let mut all_covered = false;
    for item in object.items(&["spec", "tls"]) {
        let hosts: Vec<String> = object
            .texts_in(item, &["hosts"])
            .into_iter()
            .map(|fact| fact.value)
            .collect();
        all_covered |= hosts.is_empty();
        covered.extend(hosts.iter().cloned());
        let mode = Fact::new("Terminate".to_owned(), object.origin_of(item));
        listeners.push(secured(hosts, mode));
    }
    if let Some(mode) = certificate(object) {
        all_covered = true;
        listeners.push(secured(Vec::new(), mode));
    }
    if is_true(&door.annotations, "kubernetes.io/ingress.allow-http") == Some(false)
        || only_tls(&door.annotations)
    {
        return listeners;
    }
    let is_covered = |host: &String| all_covered || covered.iter().any(|it| covers(it, host));
    let any_host = rules.iter().any(Vec::is_empty) || rules.is_empty();
    let (with_tls, without): (Vec<String>, Vec<String>) =
        rules.iter().flatten().cloned().partition(is_covered);
    if !with_tls.is_empty() || (any_host && all_covered) {
        let mut listener = plain("HTTP", with_tls, object.spec_origin());
        listener.redirects_to_tls = redirects(door, true);
        listeners.push(listener);
    }
    if !without.is_empty() || (any_host && !all_covered) {
        let hosts = if any_host { Vec::new() } else { without };
        let mut listener = plain("HTTP", hosts, object.spec_origin());
        listener.redirects_to_tls = redirects(door, false);
        listeners.push(listener);
    }
    listeners
}

fn covers(pattern: &str, host: &str) -> bool {
    let below = |suffix: &str| {
        host.strip_suffix(suffix)
            .is_some_and(|label| !label.is_empty() && !label.contains('.'))
    };
    pattern.eq_ignore_ascii_case(host) || pattern.strip_prefix('*').is_some_and(below)
}

/// Whether plain requests are only redirected. ingress-nginx does so for every host with a
/// certificate unless told otherwise.
fn redirects(door: &EntryPoint, has_certificate: bool) -> bool {
    let said = REDIRECTS
        .iter()
        .filter(|key| has_certificate || key.contains("force-") || key.starts_with("alb."))
        .filter_map(|key| door.annotations.get(key))
        .map(|value| value != "false")
        .collect::<Vec<bool>>();
    let is_nginx = door
        .class
        .as_ref()
        .is_some_and(|class| class.value.contains("nginx"));
    said.contains(&true) || (said.is_empty() && has_certificate && is_nginx)
}

fn certificate(object: &Object<'_>) -> Option<Fact<String>> {
    let named = |key: &&str| object.text(&["metadata", "annotations", key]);
    let found = CERTIFICATES.iter().find_map(named)?;
    Some(Fact::new("Terminate".to_owned(), found.origin))
}

/// Whether a controller listens on TLS only.
fn only_tls(annotations: &Labels) -> bool {
    let ports = annotations.get("alb.ingress.kubernetes.io/listen-ports");
    let entry = annotations.get("traefik.ingress.kubernetes.io/router.entrypoints");
    ports.is_some_and(|text| text.contains("\"HTTPS\"") && !text.contains("\"HTTP\""))
        || entry.is_some_and(|text| text == "websecure")
}

fn is_internal(door: &EntryPoint) -> bool {
    let class = door.class.as_ref().map_or("", |class| class.value.as_str());
    let scheme = door.annotations.get("alb.ingress.kubernetes.io/scheme");
    let private = "appgw.ingress.kubernetes.io/use-private-ip";
    class == "gce-internal"
        || scheme.is_some_and(|scheme| scheme == "internal")
        || (class == "alb" && scheme.is_none())
        || is_true(&door.annotations, private) == Some(true)
}

fn is_true(annotations: &Labels, key: &str) -> Option<bool> {
    annotations.get(key)?.parse().ok()
}

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
        listener.redirects_to_tls = redirects(door, true) == Some(true);
        listeners.push(listener);
    }
    if !without.is_empty() || (any_host && !all_covered) {
        let hosts = if any_host { Vec::new() } else { without };
        let mut listener = plain("HTTP", hosts, object.spec_origin());
        listener.redirects_to_tls = redirects(door, false) == Some(true);
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

/// Whether annotations say that plain requests are only redirected.
fn redirects(door: &EntryPoint, has_certificate: bool) -> Option<bool> {
    let said: Vec<bool> = REDIRECTS
        .iter()
        .filter(|key| has_certificate || key.contains("force-") || key.starts_with("alb."))
        .filter_map(|key| door.annotations.get(key))
        .map(|value| value != "false")
        .collect();
    (!said.is_empty()).then(|| said.contains(&true))
}

/// An IngressClass.
#[derive(Debug, Clone)]
pub(crate) struct IngressClass {
    /// Its name, where it stands.
    pub(crate) name: Fact<String>,
    /// Its controller, such as `k8s.io/ingress-nginx`.
    pub(crate) controller: String,
    /// Whether doors that name no class are of this one.
    pub(crate) is_default: bool,
}

/// Reads an `IngressClass`.
pub(in crate::formats::kubernetes) fn class(object: &Object<'_>, facts: &mut Facts) {
    let controller = object.text(&["spec", "controller"]);
    let annotations = object.own_annotations();
    facts.ingress_classes.push(IngressClass {
        name: Fact::new(object.name.clone(), object.whole()),
        controller: controller.map(|fact| fact.value).unwrap_or_default(),
        is_default: is_true(&annotations, "ingressclass.kubernetes.io/is-default-class")
            == Some(true),
    });
}

/// Gives doors without a class the default one, and applies what their controller does by itself:
/// ingress-nginx redirects every host with a certificate to TLS unless told otherwise.
pub(super) fn settle(facts: &mut Facts) {
    let classes = std::mem::take(&mut facts.ingress_classes);
    let default = classes.iter().find(|class| class.is_default);
    let doors = facts.model.entry_points.iter_mut();
    for door in doors.filter(|door| door.kind == EntryKind::Ingress) {
        if door.class.is_none() {
            door.class = default.map(|class| class.name.clone());
            door.internal = is_internal(door);
        }
        let Some(name) = door.class.as_ref().map(|class| class.value.as_str()) else {
            continue;
        };
        let declared = classes.iter().find(|class| class.name.value == name);
        let controller = declared.map_or(name, |class| class.controller.as_str());
        if controller.contains("nginx") && redirects(door, true).is_none() {
            redirect_covered(&mut door.listeners);
        }
    }
}

/// Marks the plain listeners whose hosts all have a certificate.
fn redirect_covered(listeners: &mut [Listener]) {
    let secured: Vec<Vec<String>> = listeners
        .iter()
        .filter(|listener| listener.tls.is_some())
        .map(|listener| listener.hosts.clone())
        .collect();
    let any_host = secured.iter().any(Vec::is_empty);
    let has_certificate = |host: &String| secured.iter().flatten().any(|it| covers(it, host));
    for listener in listeners
        .iter_mut()
        .filter(|listener| listener.tls.is_none())
    {
        let all = !listener.hosts.is_empty() && listener.hosts.iter().all(has_certificate);
        listener.redirects_to_tls |= any_host || all;
    }
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

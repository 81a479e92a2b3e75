//! Whether an entry point writes an access log, as far as the code says.

use palisade_model::{ControlKind, EntryKind, EntryPoint, Fact, MeshTelemetry, Origin};

use crate::context::Context;

/// What the code says about an access log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Logging<'a> {
    /// It is written.
    On,
    /// It is turned off, by an object at this place if it is not the entry point itself.
    Off(Option<&'a Origin>),
    /// Telemetry objects are in the code, and none asks for it here.
    NotAsked,
    /// Nothing is said.
    Unknown,
}

/// What the code says about the access log of an entry point.
pub(super) fn logging_of<'a>(context: &Context<'a>, entry: &EntryPoint) -> Logging<'a> {
    let annotation = |key: &str| entry.annotations.get(key).map(String::as_str);
    match annotation("nginx.ingress.kubernetes.io/enable-access-log") {
        Some("false") => return Logging::Off(None),
        Some(_) => return Logging::On,
        None => {}
    }
    if let Some(attributes) = annotation("alb.ingress.kubernetes.io/load-balancer-attributes") {
        if attributes.contains("access_logs.s3.enabled=true") {
            return Logging::On;
        }
        if attributes.contains("access_logs.s3.enabled=false") {
            return Logging::Off(None);
        }
    }
    if is_mesh_gateway(entry) {
        mesh_logging(context, entry)
    } else {
        Logging::Unknown
    }
}

fn is_mesh_gateway(entry: &EntryPoint) -> bool {
    let istio = |class: &Fact<String>| class.value.starts_with("istio");
    match entry.kind {
        EntryKind::IstioGateway => true,
        EntryKind::Gateway | EntryKind::Ingress => entry.class.as_ref().is_some_and(istio),
        _ => false,
    }
}

/// The word of the Telemetry objects that may hold for the gateway.
fn mesh_logging<'a>(context: &Context<'a>, entry: &EntryPoint) -> Logging<'a> {
    let all: Vec<&MeshTelemetry> = context
        .model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Telemetry(telemetry) => Some(telemetry),
            _ => None,
        })
        .collect();
    let mut facts = all
        .iter()
        .filter(|telemetry| holds_for(telemetry, entry))
        .filter_map(|telemetry| telemetry.access_logging.as_ref());
    let (on, off): (Vec<_>, Vec<_>) = facts.by_ref().partition(|fact| fact.value);
    match (on.first(), off.first(), all.is_empty()) {
        (Some(_), _, _) => Logging::On,
        (None, Some(fact), _) => Logging::Off(Some(&fact.origin)),
        (None, None, false) => Logging::NotAsked,
        (None, None, true) => Logging::Unknown,
    }
}

/// Whether a Telemetry object may be about the pods of the gateway. Those stand in a namespace that
/// the code need not show, often the root's, so that only another selector rules it out.
fn holds_for(telemetry: &MeshTelemetry, entry: &EntryPoint) -> bool {
    let scope = &telemetry.scope;
    let near = scope.root || scope.namespace == entry.namespace;
    match (&scope.selector, &entry.gateway_selector) {
        (Some(selector), Some(gateway)) => selector == gateway,
        (Some(_), None) => false,
        (None, _) => near && scope.targets.is_empty(),
    }
}

//! Pod Security levels of namespaces.

use palisade_model::{Zone, ZoneKind};

use crate::context::Context;

/// The label that makes a level binding.
pub(super) const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Namespaces that the code declares, without those of Kubernetes itself.
pub(super) fn declared_namespaces<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Zone> {
    context.model.zones.iter().filter(|zone| {
        zone.kind == ZoneKind::Namespace && zone.declared && !zone.name.starts_with("kube-")
    })
}

/// The level that a namespace enforces.
pub(super) fn level(zone: &Zone) -> Option<&str> {
    zone.labels.get(ENFORCE).map(String::as_str)
}

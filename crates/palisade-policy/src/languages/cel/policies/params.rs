//! Finds the parameters of a policy among the supplied objects.

use super::binding::{Binding, ParamReference};
use crate::datum::Datum;
use crate::languages::kyverno::request::Request;

/// The parameters of a binding.
pub(super) enum Found<'v> {
    /// The policy has none.
    None,
    Some(Vec<Datum<'v>>),
    /// There are none, and the binding lets the request pass.
    Allowed(String),
    /// There are none, which is an error.
    Missing(String),
}

/// The objects that a binding names.
pub(super) fn find<'v>(
    kind: Option<&(String, String)>,
    binding: Option<&Binding>,
    request: &Request<'v>,
) -> Found<'v> {
    let (Some((version, kind)), Some(reference)) =
        (kind, binding.and_then(|binding| binding.params.as_ref()))
    else {
        return Found::None;
    };
    let found: Vec<Datum<'v>> = request
        .known_objects()
        .filter(|object| {
            let text = |key| object.get(key).and_then(Datum::as_text);
            text("apiVersion") == Some(version)
                && text("kind") == Some(kind)
                && is_meant(*object, reference, request.namespace)
        })
        .collect();
    if !found.is_empty() {
        return Found::Some(found);
    }
    let name = reference.name.as_deref().unwrap_or("selected by labels");
    let message = format!("no params found: {kind} `{name}` was not supplied");
    if reference.allow_missing {
        Found::Allowed(message)
    } else {
        Found::Missing(message)
    }
}

fn is_meant(object: Datum<'_>, reference: &ParamReference, namespace: &str) -> bool {
    let metadata = object.get("metadata").unwrap_or(Datum::Null);
    let text = |key| metadata.get(key).and_then(Datum::as_text);
    let named = reference
        .name
        .as_deref()
        .is_none_or(|name| text("name") == Some(name));
    let labels = metadata.get("labels").unwrap_or(Datum::Null);
    let selected = reference
        .selector
        .as_ref()
        .is_none_or(|selector| selector.fits(labels));
    // Without a namespace, parameters are those of the request's own namespace.
    let own = text("namespace").unwrap_or("");
    let placed = match reference.namespace.as_deref() {
        Some(wanted) => own == wanted || own.is_empty(),
        None => own.is_empty() || own == namespace,
    };
    named && selected && placed
}

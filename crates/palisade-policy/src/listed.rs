//! The objects of a file, those in lists included (`kubectl get -o yaml` prints one).

use std::sync::Arc;

use palisade_document::{Document, SourceFile, SyntaxError, SyntaxSeverity, Value};
use palisade_model::Origin;

use crate::error::PolicyError;

/// Every object of a document; the items of a `List` stand for the list.
pub(crate) fn objects(document: &Document) -> impl Iterator<Item = Value<'_>> {
    document.roots().flat_map(|root| {
        let kind = root.get("kind").and_then(Value::as_str).unwrap_or_default();
        let items = root.get("items").filter(|items| items.is_array());
        match items.filter(|_| kind.ends_with("List")) {
            Some(items) => items.items().collect::<Vec<_>>(),
            None => vec![root],
        }
    })
}

/// Whether a text was not read to its end, so that nobody knows what it holds.
pub(crate) fn is_cut_off(errors: &[SyntaxError]) -> bool {
    errors
        .iter()
        .any(|error| error.severity == SyntaxSeverity::Fatal)
}

/// Why a text was not read to its end, each with its place.
pub(crate) fn mistakes(file: &Arc<SourceFile>, errors: &[SyntaxError]) -> Vec<PolicyError> {
    errors
        .iter()
        .filter(|error| error.severity == SyntaxSeverity::Fatal)
        .map(|error| PolicyError::at(Origin::new(file, error.span), error.message.clone()))
        .collect()
}

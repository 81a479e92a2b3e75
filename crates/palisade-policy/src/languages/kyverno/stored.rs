//! An object of a file as an API server would hold it.

use bumpalo::Bump;

use crate::datum::Datum;

use super::request::is_cluster_wide;
use super::scalars::build;

/// The object with the namespace that it goes to where nobody says otherwise, and with empty
/// mappings where a known mapping is written without a value.
pub(crate) fn as_stored<'a>(arena: &'a Bump, object: Datum<'a>) -> Datum<'a> {
    with_namespace(arena, filled(arena, object))
}

/// Keys whose values are mappings: written without a value, they are empty ones.
const MAPPINGS: [&str; 6] = [
    "annotations",
    "labels",
    "matchLabels",
    "nodeSelector",
    "data",
    "stringData",
];

/// The value with empty mappings where the known mappings hold nothing; itself where none does.
fn filled<'a>(arena: &'a Bump, value: Datum<'a>) -> Datum<'a> {
    if !lacks(value) {
        return value;
    }
    if value.is_list() {
        let items = value.items().map(|item| filled(arena, item));
        return build::list(arena, items.collect());
    }
    let entries = value.entries().map(|(key, value)| {
        if build::is_null(value) && MAPPINGS.contains(&key) {
            return (key, Datum::Map(&[]));
        }
        (key, filled(arena, value))
    });
    build::map(arena, entries.collect())
}

fn lacks(value: Datum<'_>) -> bool {
    value.items().any(lacks)
        || value
            .entries()
            .any(|(key, value)| build::is_null(value) && MAPPINGS.contains(&key) || lacks(value))
}

fn with_namespace<'a>(arena: &'a Bump, object: Datum<'a>) -> Datum<'a> {
    let text = |path: &[&str]| build::text_at(object, path).unwrap_or("");
    let kind = text(&["kind"]);
    let has = !text(&["metadata", "namespace"]).is_empty();
    if kind.is_empty() || has || is_cluster_wide(kind) {
        return object;
    }
    build::with_at(
        arena,
        object,
        &["metadata", "namespace"],
        Datum::Text("default"),
    )
}

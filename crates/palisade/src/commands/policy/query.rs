//! A Rego query that is asked of every Rego bundle.

use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::SourceFile;
use palisade_policy::languages::rego;
use palisade_policy::{Budget, Context, Effects, Input, Meter, Settings};

use super::eval::{document, subject};
use crate::arguments::Global;
use crate::failure::UsageError;
use crate::policies::Loaded;

/// The results as JSON: per result its bindings and the values of its expressions.
pub(super) fn results(
    query: &str,
    loaded: &Loaded,
    file: Option<&Arc<SourceFile>>,
    settings: &Settings,
    global: &Global,
) -> anyhow::Result<String> {
    let document = file.map(document).transpose()?;
    let root = document
        .as_ref()
        .and_then(|document| document.roots().next());
    let input = root.map(|root| Input::new(subject(root), root));
    let mut found = Vec::new();
    let bundles = loaded.sets.iter().filter(|set| set.language.name == "rego");
    for set in bundles {
        let arena = Bump::new();
        let effects = Effects {
            now_ns: Some(global.now_ns()),
            ..Effects::default()
        };
        let context = Context::new(&arena, Meter::start(Budget::default()), effects);
        match rego::query(&set.bundle, settings, &context, query, input.as_ref())? {
            serde_json::Value::Array(results) => found.extend(results),
            other => found.push(other),
        }
    }
    if !loaded.sets.iter().any(|set| set.language.name == "rego") {
        return Err(UsageError::new("there is no Rego here to ask").into());
    }
    Ok(format!("{:#}\n", serde_json::Value::Array(found)))
}

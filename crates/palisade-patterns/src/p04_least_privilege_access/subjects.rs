//! How subjects are named in sentences.

use palisade_model::Subject;

/// The first three subjects in backticks, then how many more.
pub(super) fn named(subjects: &[Subject]) -> String {
    let names: Vec<String> = subjects
        .iter()
        .map(|subject| match &subject.namespace {
            Some(namespace) => format!("{namespace}/{}", subject.name),
            None => subject.name.clone(),
        })
        .collect();
    crate::selection::listed(names.iter().map(String::as_str))
}

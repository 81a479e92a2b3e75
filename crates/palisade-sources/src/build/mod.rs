//! Puts the facts of all files together into one model: merged, linked and sorted.

use palisade_model::{Diagnostic, Model, SCHEMA_VERSION};

use crate::facts::Facts;

/// The finished model, and what was noticed while finishing it.
pub(crate) fn finish(facts: Facts) -> (Model, Vec<Diagnostic>) {
    let Facts {
        mut model,
        diagnostics,
        ..
    } = facts;
    model.schema_version = SCHEMA_VERSION;
    (model, diagnostics)
}

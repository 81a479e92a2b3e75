//! Puts the facts of all files together into one model: merged, linked and sorted.

use palisade_model::{Diagnostic, Model, SCHEMA_VERSION};

use crate::facts::Facts;
use crate::formats::kubernetes::entries;

/// The finished model, and what was noticed while finishing it.
pub(crate) fn finish(mut facts: Facts) -> (Model, Vec<Diagnostic>) {
    entries::finish(&mut facts);
    let Facts {
        mut model,
        diagnostics,
        ..
    } = facts;
    model.schema_version = SCHEMA_VERSION;
    (model, diagnostics)
}

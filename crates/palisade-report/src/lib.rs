//! Writes results: one output format per module, of one [`Assessment`] or of policy tests.
//!
//! Start at [`Assessment`]; [`render`] turns it into text. [`render_suites`] does so for tests.
//!
//! **Invariant:** a format decides nothing: the verdict stands in the assessment.
//! **Invariant:** nothing here reads a file or the clock; texts to quote come in as [`Texts`].

mod assessment;
mod formats;
mod suites;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::SourceFile;

pub use crate::assessment::{
    Assessment, CheckSummary, EquivalentId, Estate, Excepted, PatternLine, SCHEMA_VERSION,
};
pub use crate::formats::{
    Detail, Format, ParseFormatError, render, render_diagnostic, render_finding,
};
pub use crate::suites::{Reading, SuiteFormat, Tally, plural, render_suites};
pub use crate::verdict::Verdict;

/// The texts that findings quote, by path.
pub type Texts = BTreeMap<Arc<str>, Arc<SourceFile>>;

/// JSON Schema of the serialised assessment.
pub fn assessment_schema() -> String {
    pretty(&schemars::schema_for!(Assessment))
}

/// JSON Schema of the serialised model.
pub fn model_schema() -> String {
    pretty(&schemars::schema_for!(palisade_model::Model))
}

fn pretty(schema: &schemars::Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

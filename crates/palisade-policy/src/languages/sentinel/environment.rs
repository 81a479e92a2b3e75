//! What surrounds a policy: imports by name, values of parameters, global data.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::Document;

use super::syntax::Program;

/// Where an import comes from, other than from the engine.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A text in this language: a module or a mock.
    Module(Arc<Program>),
    /// Data: a static import, or the data of a mock.
    Data(Arc<Document>),
    /// It was configured, but could not be read: why.
    Missing(String),
}

/// What surrounds a policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    /// Imports that are configured, by name.
    pub(super) imports: BTreeMap<String, Source>,
    /// Values of parameters.
    pub(super) parameters: BTreeMap<String, Arc<Document>>,
    /// Values that the policy sees without an import.
    pub(super) globals: BTreeMap<String, Arc<Document>>,
}

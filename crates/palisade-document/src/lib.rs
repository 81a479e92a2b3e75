//! Files, spans and the one immutable value with positions that every reader and every policy
//! language shares, and the generic syntaxes (YAML and JSON) that produce it.
//!
//! Start at [`parse`]: bytes in, a [`Document`] and its [`SyntaxError`]s out. A [`Value`] is a
//! two-word handle into a document's arena: copying it costs nothing, evaluation borrows it, and
//! documents are shared between threads behind one `Arc`.
//!
//! **Invariant:** this crate knows no resource kind, no cloud and no policy language.
//! **Invariant:** parsing is bounded in size, depth and node count ([`Limits`]); hostile input ends
//! in a located error.

mod builder;
mod compose;
mod file;
mod fingerprint;
mod json;
mod keys;
mod limits;
mod offsets;
mod scalar;
mod tree;
mod yaml;
mod yaml_fallback;
mod yaml_mistake;

pub use crate::file::{FileRef, Position, SourceFile, Span};
pub use crate::fingerprint::{Fingerprint, fingerprint, text_fingerprint};
pub use crate::json::parse_json;
pub use crate::limits::Limits;
pub use crate::tree::{Document, Entry, Kind, Value};
pub use crate::yaml::parse_yaml;

use crate::scalar::Schema;

/// Why a text, or a part of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// Where the reader stopped.
    pub span: Span,
    /// Whether what stands before the error was kept or the mistake is only reported.
    pub severity: SyntaxSeverity,
}

/// How much a [`SyntaxError`] costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxSeverity {
    /// What stands after it was not read.
    Fatal,
    /// Everything was read; the text says something twice or doubtfully (a duplicate key).
    Warning,
}

/// Which generic syntax a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML as Kubernetes' own tools read it, with any number of documents: `y` and `on` are true,
    /// as keys too.
    Yaml,
    /// YAML 1.2 by its core schema, as GitHub reads workflows: `on` is a text.
    Yaml12,
    /// JSON (RFC 8259), one document.
    Json,
}

/// Reads a text into documents; whatever is readable before an error is kept.
pub fn parse(
    file: std::sync::Arc<SourceFile>,
    syntax: Syntax,
    limits: &Limits,
) -> (Document, Vec<SyntaxError>) {
    match syntax {
        Syntax::Yaml => parse_yaml(file, limits),
        Syntax::Yaml12 => yaml::parse_as(file, Schema::Core, limits),
        Syntax::Json => parse_json(file, limits),
    }
}

//! Where a fact was learned.

use std::sync::Arc;

use palisade_document::{Position, SourceFile, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a source: file, bytes, line and column, and the commit if it is known.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Path relative to where the run started, with `/`.
    #[schemars(with = "String")]
    pub file: Arc<str>,
    /// Bytes in that file.
    pub span: Span,
    /// Line and column of the first byte, from 1.
    pub start: Position,
    /// The commit that the file was read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub commit: Option<Arc<str>>,
    /// The overlay or chart that this was rendered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub rendered_from: Option<Arc<str>>,
    /// Whether the span is only near what it is about, so that nothing can be edited there: a
    /// program rendered the text, or the value was made of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub near: bool,
}

impl Origin {
    /// The place of a span in a file.
    pub fn new(file: &SourceFile, span: Span) -> Self {
        Self {
            file: Arc::clone(file.path()),
            span,
            start: file.position(span.start),
            commit: None,
            rendered_from: None,
            near: false,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.file, self.start.line, self.start.column
        )
    }
}

/// A value with the place that says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What is said.
    pub value: T,
    /// Where it is said.
    pub origin: Origin,
}

impl<T> Fact<T> {
    /// A value and its place.
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

//! Where a fact was learned.

use palisade_document::{FileRef, Position, SourceFile, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a source: file, bytes, line and column, and the commit if it is known.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(from = "Written", into = "Written")]
pub struct Origin {
    /// Path relative to where the run started, with `/`, and the commit that it was read at.
    pub file: FileRef,
    /// Bytes in that file.
    pub span: Span,
    /// Line and column of the first byte, from 1.
    pub start: Position,
    /// The overlay or chart that this was rendered from.
    pub rendered_from: Option<FileRef>,
    /// Whether the span is only near what it is about, so that nothing can be edited there: a
    /// program rendered the text, or the value was made of several.
    pub near: bool,
}

/// A place in a source: file, bytes, line and column, and the commit if it is known.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "Origin")]
struct Written {
    /// Path relative to where the run started, with `/`.
    file: String,
    /// Bytes in that file.
    span: Span,
    /// Line and column of the first byte, from 1.
    start: Position,
    /// The commit that the file was read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// The overlay or chart that this was rendered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rendered_from: Option<String>,
    /// Whether the span is only near what it is about, so that nothing can be edited there: a
    /// program rendered the text, or the value was made of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    near: bool,
}

impl From<Written> for Origin {
    fn from(written: Written) -> Self {
        Self {
            file: FileRef::at_commit(written.file, written.commit.map(String::into_boxed_str)),
            span: written.span,
            start: written.start,
            rendered_from: written.rendered_from.map(FileRef::new),
            near: written.near,
        }
    }
}

impl From<Origin> for Written {
    fn from(origin: Origin) -> Self {
        Self {
            file: origin.file.to_string(),
            span: origin.span,
            start: origin.start,
            commit: origin.file.commit().map(str::to_owned),
            rendered_from: origin.rendered_from.map(|source| source.to_string()),
            near: origin.near,
        }
    }
}

impl Origin {
    /// The place of a span in a file.
    pub fn new(file: &SourceFile, span: Span) -> Self {
        Self {
            file: file.name().clone(),
            span,
            start: file.position(span.start),
            rendered_from: None,
            near: false,
        }
    }

    /// The place of what no file holds.
    pub fn nowhere() -> Self {
        Self {
            file: FileRef::new(""),
            span: Span::default(),
            start: Position { line: 1, column: 1 },
            rendered_from: None,
            near: true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_every_part_in_its_written_form() {
        let written = serde_json::json!({
            "file": "a.yaml",
            "span": { "start": 3, "end": 5 },
            "start": { "line": 1, "column": 4 },
            "commit": "0f1e",
            "rendered_from": "overlay",
        });
        let origin: Origin = serde_json::from_value(written.clone()).expect("a place");
        assert_eq!(origin.to_string(), "a.yaml:1:4");
        assert_eq!(origin.file.commit(), Some("0f1e"));
        assert_eq!(serde_json::to_value(&origin).expect("json"), written);
    }

    #[test]
    fn a_place_is_small_since_every_fact_holds_one() {
        assert_eq!(size_of::<Origin>(), 40);
        assert!(size_of::<Option<Fact<bool>>>() <= 48);
    }
}

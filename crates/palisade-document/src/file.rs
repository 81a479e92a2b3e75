//! A source text with its line index, and places in it.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// A half-open range of bytes in one text.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place as a person counts it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The path of a file and, where it is known, the commit that it was read at. It is one pointer
/// wide: every fact of a system holds one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef(Arc<FileName>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FileName {
    path: Box<str>,
    commit: Option<Box<str>>,
}

impl FileRef {
    /// A file by its path.
    pub fn new(path: impl Into<Box<str>>) -> Self {
        Self::at_commit(path, None)
    }

    /// A file by its path, as it was at a commit.
    pub fn at_commit(path: impl Into<Box<str>>, commit: Option<Box<str>>) -> Self {
        let path = path.into();
        Self(Arc::new(FileName { path, commit }))
    }

    /// The commit, where it is known.
    pub fn commit(&self) -> Option<&str> {
        self.0.commit.as_deref()
    }
}

impl std::ops::Deref for FileRef {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.path
    }
}

impl std::fmt::Display for FileRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self)
    }
}

impl std::fmt::Debug for FileRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&**self, formatter)
    }
}

/// One text that was read, with the path that a person knows it by.
#[derive(Debug)]
pub struct SourceFile {
    path: Arc<str>,
    name: FileRef,
    text: Box<str>,
    /// Where lines start, found when somebody first asks.
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Takes a text under the path that reports show (relative, with `/`).
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Box<str>>) -> Self {
        let path = path.into();
        Self {
            name: FileRef::new(&*path),
            path,
            text: text.into(),
            line_starts: OnceLock::new(),
        }
    }

    /// The path that reports show.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The same path, as places keep it.
    pub fn name(&self) -> &FileRef {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span does not fall on characters of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Line and column of a byte.
    pub fn position(&self, at: u32) -> Position {
        let line = self.line_index(at);
        let start = self.starts().get(line).copied().unwrap_or(0);
        let before = self.text.get(start as usize..at as usize).unwrap_or("");
        Position {
            line: offset(line + 1),
            column: offset(before.chars().count() + 1),
        }
    }

    /// The bytes of a line (from 1), without its line break.
    pub fn line_span(&self, line: u32) -> Span {
        let index = line.saturating_sub(1) as usize;
        let start = self
            .starts()
            .get(index)
            .copied()
            .unwrap_or_else(|| offset(self.text.len()));
        let end = self
            .starts()
            .get(index + 1)
            .map_or(offset(self.text.len()), |next| next - 1);
        Span::new(start, end.max(start))
    }

    /// How many lines the text has; a text without a line break has one.
    pub fn line_count(&self) -> u32 {
        offset(self.starts().len())
    }

    /// The line of a byte, from 1, without the cost of a column.
    pub(crate) fn line(&self, at: u32) -> u32 {
        offset(self.line_index(at) + 1)
    }

    fn starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.match_indices('\n');
            std::iter::once(0)
                .chain(newlines.map(|(at, _)| offset(at + 1)))
                .collect()
        })
    }

    fn line_index(&self, at: u32) -> usize {
        self.starts()
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }
}

/// A byte offset as stored in spans; texts are bounded far below 4 GiB.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

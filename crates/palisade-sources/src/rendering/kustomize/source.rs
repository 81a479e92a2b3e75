//! The texts that a build reads: those of the run, and beside them files that only a kustomization
//! names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Span, Syntax, parse};

use super::Refusal;
use super::graph::joined;
use crate::rendering::Texts;
use crate::rendering::tree::{Node, Place, Tree};

/// Where the texts of a build are.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// The folder on disk; `None` for texts in memory.
    pub(super) root: Option<&'a Path>,
    /// The texts of the run.
    pub(super) files: &'a Texts,
    /// Bounds on each text.
    pub(super) limits: Limits,
    /// What was parsed ahead, by path.
    pub(super) ahead: BTreeMap<Arc<str>, Result<Vec<Tree>, Refusal>>,
}

impl Source<'_> {
    /// A file that a kustomization in a folder names.
    pub(super) fn file(&self, folder: &str, path: &str) -> Result<Arc<SourceFile>, Refusal> {
        let joined = joined(folder, path)
            .ok_or_else(|| Refusal(format!("`{path}` is outside of the root")))?;
        if let Some(file) = self.files.get(joined.as_str()) {
            return Ok(Arc::clone(file));
        }
        let absent = || Refusal(format!("`{joined}` is not among the files that were read"));
        let on_disk = self.root.ok_or_else(absent)?.join(&joined);
        let is_inside = || {
            let root = self.root?.canonicalize().ok()?;
            Some(on_disk.canonicalize().ok()?.starts_with(root))
        };
        let size = std::fs::metadata(&on_disk).map_err(|_| absent())?;
        let is_small = usize::try_from(size.len()).is_ok_and(|len| len <= self.limits.max_bytes);
        if !size.is_file() || !is_small || is_inside() != Some(true) {
            return Err(absent());
        }
        let text = std::fs::read_to_string(&on_disk).map_err(|_| absent())?;
        Ok(Arc::new(SourceFile::new(joined, text)))
    }

    /// Whether a file is one of the run, so that reports can show its lines.
    pub(super) fn is_shown(&self, file: &SourceFile) -> bool {
        self.files.contains_key(file.path())
    }

    /// The values of a YAML or JSON file that a kustomization in a folder names.
    pub(super) fn trees(&self, folder: &str, path: &str) -> Result<Vec<Tree>, Refusal> {
        let file = self.file(folder, path)?;
        match self.ahead.get(file.path()) {
            Some(parsed) => parsed.clone(),
            None => self.parsed(&file),
        }
    }

    /// The values of a file.
    pub(super) fn parsed(&self, file: &Arc<SourceFile>) -> Result<Vec<Tree>, Refusal> {
        let locate = |span: Span| Place::new(file, span);
        self.values(Arc::clone(file), &locate)
    }

    /// The values of a text that is written out inside another file.
    pub(super) fn inline(&self, text: &Tree) -> Result<Vec<Tree>, Refusal> {
        let written = text
            .as_text()
            .ok_or_else(|| Refusal::new("a patch is no text"))?;
        let inner = Arc::new(SourceFile::new(Arc::clone(text.place.file.path()), written));
        let block = Block::of(&text.place, &inner);
        let held = Arc::clone(&inner);
        let locate = |span: Span| block.place(&held, span);
        self.values(inner, &locate)
    }

    fn values(
        &self,
        file: Arc<SourceFile>,
        locate: &dyn Fn(Span) -> Place,
    ) -> Result<Vec<Tree>, Refusal> {
        let path = Arc::clone(file.path());
        let (document, errors) = parse(file, Syntax::Yaml, &self.limits);
        if let Some(error) = errors.first() {
            return Err(Refusal(format!("`{path}` is broken: {}", error.message)));
        }
        let trees = document.roots().map(|root| Tree::copy(root, locate));
        Ok(trees
            .filter(|tree| !matches!(tree.node, Node::Null))
            .collect())
    }
}

/// A text in a block of another file: its lines are lines of that file, further to the right.
struct Block<'p> {
    whole: &'p Place,
    /// The line of the file where the text begins, and by how much its lines are further right.
    start: Option<(u32, u32)>,
}

impl<'p> Block<'p> {
    fn of(whole: &'p Place, inner: &SourceFile) -> Self {
        let outer = &whole.file;
        let start = outer.position(whole.span.start);
        let indent = start.column.saturating_sub(1);
        let lines = (1..=inner.line_count()).map(|line| (line, inner.slice(inner.line_span(line))));
        let skipped = lines
            .clone()
            .find(|(_, text)| !text.trim().is_empty())
            .map_or(1, |(line, _)| line);
        let first = start.line.saturating_sub(skipped - 1);
        let matches = lines
            .filter(|(_, text)| !text.trim().is_empty())
            .all(|(line, text)| {
                let span = outer.line_span(first + line - 1);
                outer
                    .slice(span)
                    .get(usize::try_from(indent).unwrap_or(usize::MAX)..)
                    .is_some_and(|rest| rest.trim_end() == text.trim_end())
            });
        Self {
            whole,
            start: matches.then_some((first, indent)),
        }
    }

    fn place(&self, inner: &SourceFile, span: Span) -> Place {
        let Some((first, indent)) = self.start else {
            return self.whole.clone();
        };
        let outer = |at: u32| {
            let position = inner.position(at);
            let own = inner.line_span(position.line);
            let line = self.whole.file.line_span(first + position.line - 1);
            (line.start + indent + (at - own.start)).min(line.end)
        };
        Place::new(
            &self.whole.file,
            Span::new(outer(span.start), outer(span.end)),
        )
    }
}

//! `palisade:ignore` comments in YAML files and build files.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{SourceFile, Span};
use palisade_model::Origin;

use crate::reading::SuppressionComment;

const MARK: &str = "palisade:ignore";

/// Finds the comments of all files, sorted by place.
pub(crate) fn find(files: &BTreeMap<Arc<str>, Arc<SourceFile>>) -> Vec<SuppressionComment> {
    let mut found = Vec::new();
    for file in files.values().filter(|file| file.text().contains(MARK)) {
        found.extend((1..=file.line_count()).filter_map(|line| comment(file, line)));
    }
    found
}

fn comment(file: &SourceFile, line: u32) -> Option<SuppressionComment> {
    let span = file.line_span(line);
    let text = file.slice(span);
    let at = comment_start(text)?;
    let told = text
        .get(at..)?
        .trim_start_matches('#')
        .trim()
        .strip_prefix(MARK)?;
    if !told.is_empty() && !told.starts_with([' ', '\t', ':']) {
        return None;
    }
    let start = span.start + u32::try_from(at).ok()?;
    let alone = text.get(..at)?.trim().is_empty();
    Some(SuppressionComment {
        text: told.trim().to_owned(),
        origin: Origin::new(file, Span::new(start, span.end)),
        covers: if alone { covered(file, line) } else { span },
    })
}

/// Where the comment of a line starts: a `#` at its start or after white space, in no quotes.
fn comment_start(line: &str) -> Option<usize> {
    let mark = line.find(MARK)?;
    let before = line.get(..mark)?;
    let at = before.rfind('#')?;
    let head = before.get(..at)?;
    let quotes = |quote: char| head.matches(quote).count() % 2;
    let free = head.is_empty() || head.ends_with([' ', '\t']);
    (free && quotes('"') == 0 && quotes('\'') == 0).then_some(at)
}

/// The block after a comment that stands alone: its first line and every deeper one; before the
/// first key of a document, the whole document.
fn covered(file: &SourceFile, line: u32) -> Span {
    let lines = |from: u32, to: u32| file.line_span(from).to(file.line_span(to));
    let is_break = |line: u32| file.slice(file.line_span(line)).starts_with("---");
    let is_content = |line: u32| {
        let text = file.slice(file.line_span(line)).trim();
        !text.is_empty() && !text.starts_with('#') && !text.starts_with("---")
    };
    let last = file.line_count();
    let Some(first) = (line + 1..=last).find(|at| is_content(*at)) else {
        return file.line_span(line);
    };
    let opens = !(1..line)
        .rev()
        .take_while(|at| !is_break(*at))
        .any(is_content);
    let end = if opens {
        (first..=last)
            .find(|at| is_break(*at))
            .map_or(last, |at| at - 1)
    } else {
        block_end(file, first)
    };
    lines(line, end)
}

fn block_end(file: &SourceFile, first: u32) -> u32 {
    let indent = |line: u32| {
        let text = file.slice(file.line_span(line));
        text.len() - text.trim_start().len()
    };
    let is_item = |line: u32| file.slice(file.line_span(line)).trim().starts_with("- ");
    let own = indent(first);
    let ends = |line: u32| {
        let text = file.slice(file.line_span(line)).trim();
        // The items of a list may stand as deep as its key.
        let inside =
            indent(line) > own || (indent(line) == own && is_item(line) && !is_item(first));
        !text.is_empty() && !text.starts_with('#') && !inside
    };
    (first + 1..=file.line_count())
        .find(|line| ends(*line))
        .map_or_else(|| file.line_count(), |line| line - 1)
}

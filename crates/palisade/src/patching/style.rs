//! How a text is laid out, and what is added to it in the same way.

use std::collections::BTreeMap;

use palisade_document::{Document, Kind, SourceFile, Value};
use palisade_model::AddedValue;

/// Keys that are missing from a mapping, in the order in which they are asked for.
pub(super) type Missing = Vec<(&'static str, Tree)>;

/// What is missing under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// A value.
    Leaf(AddedValue),
    /// A mapping.
    Branch(Missing),
}

/// The layout of a text.
#[derive(Debug)]
pub(super) struct Style {
    /// Whether it is JSON.
    json: bool,
    /// How lines end.
    pub(super) newline: &'static str,
    /// Columns from a key to the keys under it.
    pub(super) step: usize,
    /// Columns from a key to the dashes of the list under it.
    list: usize,
}

impl Style {
    /// The layout that most of a text has; two columns where it says nothing.
    pub(super) fn of(document: &Document) -> Self {
        let file = document.file();
        let (mut steps, mut lists) = (BTreeMap::new(), BTreeMap::new());
        for value in everything(document) {
            for entry in value.entries().filter(|_| !is_flow(file, value)) {
                let key = column(file, entry.key_span.start);
                let inner = entry.value;
                if is_flow(file, inner) {
                    continue;
                }
                let first = inner.entries().next().map(|it| it.key_span.start);
                let item = inner.items().next().map(|it| it.span().start);
                if let Some(at) = first {
                    note(&mut steps, column(file, at).checked_sub(key));
                }
                if let Some(at) = item {
                    let dash = dash(file, at);
                    note(&mut lists, dash.and_then(|at| at.checked_sub(key)));
                }
            }
        }
        steps.remove(&0);
        let step = most(&steps).unwrap_or(2);
        let json = file.path().to_ascii_lowercase().ends_with("json");
        Self {
            json,
            newline: if file.text().contains("\r\n") {
                "\r\n"
            } else {
                "\n"
            },
            step,
            list: most(&lists).unwrap_or(step),
        }
    }

    /// Keys as lines of a block, at this column.
    pub(super) fn block(&self, missing: &Missing, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        let mut lines = Vec::new();
        for (key, tree) in missing {
            match tree {
                Tree::Branch(inner) => {
                    lines.push(format!("{pad}{key}:"));
                    lines.extend(self.block(inner, indent + self.step));
                }
                Tree::Leaf(AddedValue::Words(words)) => {
                    lines.push(format!("{pad}{key}:"));
                    let pad = " ".repeat(indent + self.list);
                    lines.extend(words.iter().map(|word| format!("{pad}- {word}")));
                }
                Tree::Leaf(value) => lines.push(format!("{pad}{key}: {}", self.value(*value))),
            }
        }
        lines
    }

    /// Keys as they stand between braces.
    pub(super) fn flow(&self, missing: &Missing) -> String {
        let pairs: Vec<String> = missing
            .iter()
            .map(|(key, tree)| {
                let key = self.word(key);
                match tree {
                    Tree::Leaf(value) => format!("{key}: {}", self.value(*value)),
                    Tree::Branch(inner) => format!("{key}: {}", self.braces(inner)),
                }
            })
            .collect();
        pairs.join(", ")
    }

    /// Keys with their braces.
    pub(super) fn braces(&self, missing: &Missing) -> String {
        format!("{{ {} }}", self.flow(missing))
    }

    /// A value on one line.
    pub(super) fn value(&self, value: AddedValue) -> String {
        match value {
            AddedValue::Bool(value) => value.to_string(),
            AddedValue::Word(word) => self.word(word),
            AddedValue::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| self.word(word)).collect();
                format!("[{}]", words.join(", "))
            }
        }
    }

    fn word(&self, word: &str) -> String {
        if self.json {
            format!("\"{word}\"")
        } else {
            word.to_owned()
        }
    }
}

fn note(counts: &mut BTreeMap<usize, usize>, found: Option<usize>) {
    if let Some(found) = found {
        *counts.entry(found).or_default() += 1;
    }
}

fn most(counts: &BTreeMap<usize, usize>) -> Option<usize> {
    let most = counts.iter().max_by_key(|(_, count)| **count);
    most.map(|(value, _)| *value)
}

/// Every value of a document.
pub(super) fn everything(document: &Document) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    let mut waiting: Vec<Value<'_>> = document.roots().collect();
    while let Some(value) = waiting.pop() {
        waiting.extend(value.items());
        waiting.extend(value.entries().map(|entry| entry.value));
        if matches!(value.kind(), Kind::Array | Kind::Object) {
            found.push(value);
        }
    }
    found
}

/// Whether a collection stands between brackets.
pub(super) fn is_flow(file: &SourceFile, value: Value<'_>) -> bool {
    file.slice(value.span()).starts_with(['{', '['])
}

/// Columns before a byte.
pub(super) fn column(file: &SourceFile, at: u32) -> usize {
    file.position(at).column.saturating_sub(1) as usize
}

/// The column of the dash that begins the line of an item; `None` where it begins otherwise.
pub(super) fn dash(file: &SourceFile, item: u32) -> Option<usize> {
    let line = file.slice(file.line_span(file.position(item).line));
    let trimmed = line.trim_start_matches(' ');
    trimmed.starts_with('-').then(|| line.len() - trimmed.len())
}

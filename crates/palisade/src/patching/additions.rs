//! From what mappings lack to edits of the text that they stand in.

use std::collections::BTreeMap;

use palisade_document::{Document, Entry, Kind, SourceFile, Span, Value};
use palisade_model::{AddedValue, Addition, Patch};

use super::style::{Missing, Style, Tree, column, dash, everything, is_flow};

/// What is to be added to one text, put together by place.
#[derive(Debug)]
pub(super) struct Additions<'d> {
    file: &'d SourceFile,
    style: Style,
    mappings: BTreeMap<Span, Value<'d>>,
    places: BTreeMap<Spot, (Place<'d>, Missing)>,
}

/// Bytes that an edit replaces, and how deep what it adds stands: of two insertions at one byte the
/// deeper goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) start: u32,
    pub(super) end: u32,
    depth: std::cmp::Reverse<usize>,
}

/// Where something is missing.
#[derive(Debug, Clone, Copy)]
enum Place<'d> {
    /// In a mapping between braces.
    Flow(Value<'d>),
    /// After a line of a block mapping, at this column.
    AfterLine(usize),
    /// Before the first key of a block mapping, at this column.
    BeforeKey(usize),
    /// In the place of a value that is null, between braces.
    Null,
    /// In the place of another value.
    Value(Value<'d>),
}

impl<'d> Additions<'d> {
    /// Nothing yet.
    pub(super) fn to(document: &'d Document) -> Self {
        let objects = everything(document).into_iter();
        Self {
            file: document.file(),
            style: Style::of(document),
            mappings: objects
                .filter(|value| value.is_object())
                .map(|value| (value.span(), value))
                .collect(),
            places: BTreeMap::new(),
        }
    }

    /// The bytes that an addition touches; `None` where it cannot be made, or says something else
    /// than an earlier one.
    pub(super) fn spot(&self, addition: &Addition) -> Option<Spot> {
        let (spot, _, tree) = self.find(addition)?;
        let mut known = self.places.get(&spot).map(|(_, known)| known.clone());
        join(known.get_or_insert_default(), tree).then_some(spot)
    }

    /// Takes an addition that has a spot.
    pub(super) fn take(&mut self, addition: &Addition) {
        if let Some((spot, place, tree)) = self.find(addition) {
            let entry = self.places.entry(spot);
            let (_, known) = entry.or_insert_with(|| (place, Missing::new()));
            join(known, tree);
        }
    }

    /// The edits of all that was taken.
    pub(super) fn patches(&self) -> Vec<Patch> {
        let mut patches: Vec<Patch> = Vec::new();
        for (spot, (place, missing)) in &self.places {
            let replacement = self.text(*place, missing);
            // Insertions at one byte are one edit, so that their order is not chance.
            match patches.last_mut() {
                Some(last) if last.start == spot.start && last.end == spot.end => {
                    last.replacement.push_str(&replacement);
                }
                _ => patches.push(Patch {
                    file: self.file.path().to_string(),
                    start: spot.start,
                    end: spot.end,
                    replacement,
                }),
            }
        }
        patches
    }

    /// Where an addition goes, and what is missing there.
    fn find(&self, addition: &Addition) -> Option<(Spot, Place<'d>, Missing)> {
        let mut mapping = *self.mappings.get(&addition.mapping.span)?;
        let mut rest = addition.path.as_slice();
        while let [key, below @ ..] = rest {
            let entry = mapping.entry(key);
            match entry.map(|entry| (entry, entry.value.kind())) {
                Some((entry, Kind::Object)) if !below.is_empty() => mapping = entry.value,
                Some((entry, Kind::Null)) if !below.is_empty() => {
                    let (spot, place) = self.null(mapping, entry)?;
                    return Some((spot, place, tree(below, addition.value)?));
                }
                Some((_, Kind::Object)) => return None,
                Some((entry, _)) if below.is_empty() => {
                    let (spot, place) = self.value(entry.value)?;
                    return Some((spot, place, tree(rest, addition.value)?));
                }
                Some(_) => return None,
                None => {
                    let (spot, place) = self.inside(mapping)?;
                    return Some((spot, place, tree(rest, addition.value)?));
                }
            }
            rest = below;
        }
        None
    }

    /// In a mapping that has other keys, or none.
    fn inside(&self, mapping: Value<'d>) -> Option<(Spot, Place<'d>)> {
        let span = mapping.span();
        if is_flow(self.file, mapping) {
            let at = last_end(mapping);
            let spot = at.map_or(spot(span.start, span.end, 0), |at| spot(at, at, 0));
            return Some((spot, Place::Flow(mapping)));
        }
        // Keys that come from an anchor stand elsewhere.
        let own = |entry: &Entry<'_>| {
            span.start <= entry.key_span.start && entry.key_span.end <= span.end
        };
        let keys: Vec<Entry<'d>> = mapping.entries().filter(own).collect();
        let first = keys.first()?.key_span.start;
        let depth = column(self.file, first);
        let after = keys.iter().rev().find_map(|entry| self.line_end(*entry));
        Some(match after {
            Some(at) => (spot(at, at, depth), Place::AfterLine(depth)),
            None => (spot(first, first, depth), Place::BeforeKey(depth)),
        })
    }

    /// In the place of nothing, of `~` or of `null`.
    fn null(&self, mapping: Value<'d>, entry: Entry<'d>) -> Option<(Spot, Place<'d>)> {
        let span = entry.value.span();
        if !self.file.slice(span).trim().is_empty() {
            return Some((spot(span.start, span.end, 0), Place::Null));
        }
        if is_flow(self.file, mapping) {
            return None;
        }
        let at = self.line_end(entry)?;
        let indent = column(self.file, entry.key_span.start) + self.style.step;
        Some((spot(at, at, indent), Place::AfterLine(indent)))
    }

    /// In the place of a scalar or list.
    fn value(&self, value: Value<'d>) -> Option<(Spot, Place<'d>)> {
        let span = value.span();
        if !value.is_array() || is_flow(self.file, value) {
            return Some((spot(span.start, span.end, 0), Place::Value(value)));
        }
        let first = value.items().next()?.span().start;
        let indent = u32::try_from(dash(self.file, first)?).ok()?;
        let line = self.file.line_span(self.file.position(first).line);
        let start = line.start.saturating_add(indent);
        Some((spot(start, end(value)?, 0), Place::Value(value)))
    }

    /// The end of the line on which an entry ends, where nothing but a comment follows it.
    fn line_end(&self, entry: Entry<'_>) -> Option<u32> {
        let nothing = entry.value.is_null() && self.file.slice(entry.value.span()).is_empty();
        let end = if nothing {
            entry.key_span.end
        } else {
            self.end_of_lines(entry.value)?
        };
        if end < entry.key_span.end {
            return None;
        }
        let line = self.file.line_span(self.file.position(end).line);
        let mut rest = self.file.slice(Span::new(end, line.end));
        if nothing {
            rest = rest
                .trim_start_matches(['"', '\'', ' '])
                .strip_prefix(':')?;
        }
        let rest = rest.trim();
        let free = rest.is_empty() || rest.starts_with('#');
        let carriage = self.file.slice(line).ends_with('\r');
        free.then(|| line.end - u32::from(carriage))
    }

    /// The end of a value; `None` for texts in block style, whose end is a matter of indentation.
    fn end_of_lines(&self, value: Value<'_>) -> Option<u32> {
        let text = self.file.slice(value.span());
        match value.kind() {
            Kind::Array | Kind::Object if is_flow(self.file, value) => Some(value.span().end),
            Kind::Array => self.end_of_lines(value.items().next_back()?),
            Kind::Object => {
                let last = value.entries().next_back()?;
                let nothing = last.value.is_null() && self.file.slice(last.value.span()).is_empty();
                // A key without a value ends after its colon.
                if nothing {
                    None
                } else {
                    self.end_of_lines(last.value)
                }
            }
            _ if text.is_empty() || self.is_block_text(value) => None,
            _ => Some(value.span().end),
        }
    }

    /// Whether a text follows `|` or `>`, with what may stand after these.
    fn is_block_text(&self, value: Value<'_>) -> bool {
        let start = value.span().start;
        if self.file.slice(value.span()).starts_with(['|', '>']) {
            return true;
        }
        let before = self.file.slice(Span::new(0, start)).trim_end();
        let sign = before.trim_end_matches(|letter: char| {
            letter.is_ascii_digit() || letter == '-' || letter == '+'
        });
        sign.ends_with(['|', '>'])
    }

    fn text(&self, place: Place<'_>, missing: &Missing) -> String {
        let newline = self.style.newline;
        match place {
            Place::AfterLine(indent) => {
                let lines = self.style.block(missing, indent);
                format!("{newline}{}", lines.join(newline))
            }
            Place::BeforeKey(indent) => {
                let lines = self.style.block(missing, indent).join(newline);
                format!("{}{newline}{}", lines.trim_start(), " ".repeat(indent))
            }
            Place::Null => self.style.braces(missing),
            Place::Flow(mapping) => self.flow(mapping, missing),
            Place::Value(value) => match missing.first() {
                Some((_, Tree::Leaf(AddedValue::Words(words)))) if !is_flow(self.file, value) => {
                    self.dashes(value, words)
                }
                Some((_, Tree::Leaf(added))) => self.style.value(*added),
                _ => String::new(),
            },
        }
    }

    /// Keys between braces: on a line of their own where the other keys are.
    fn flow(&self, mapping: Value<'_>, missing: &Missing) -> String {
        let Some(last) = mapping.entries().next_back() else {
            return self.style.braces(missing);
        };
        let line = |at: u32| self.file.position(at).line;
        if line(mapping.span().start) == line(last.key_span.start) {
            return format!(", {}", self.style.flow(missing));
        }
        let key = self.file.line_span(line(last.key_span.start));
        let text = self.file.slice(key);
        let indent = text.len() - text.trim_start().len();
        let pad = text.get(..indent).unwrap_or_default();
        format!(",{}{pad}{}", self.style.newline, self.style.flow(missing))
    }

    fn dashes(&self, list: Value<'_>, words: &[&str]) -> String {
        let first = list.items().next().map(|item| item.span().start);
        let indent = first.and_then(|first| dash(self.file, first));
        let pad = " ".repeat(indent.unwrap_or_default());
        let items: Vec<String> = words.iter().map(|word| format!("- {word}")).collect();
        items.join(&format!("{}{pad}", self.style.newline))
    }
}

const fn spot(start: u32, end: u32, depth: usize) -> Spot {
    Spot {
        start,
        end,
        depth: std::cmp::Reverse(depth),
    }
}

/// The end of the last entry of a mapping between braces.
fn last_end(mapping: Value<'_>) -> Option<u32> {
    let last = mapping.entries().next_back()?;
    Some(last.value.span().end.max(last.key_span.end))
}

/// The end of the last scalar in a value.
fn end(value: Value<'_>) -> Option<u32> {
    match value.kind() {
        Kind::Array => end(value.items().next_back()?),
        _ => Some(value.span().end),
    }
}

fn tree(path: &[&'static str], value: AddedValue) -> Option<Missing> {
    let (key, rest) = path.split_first()?;
    let inner = if rest.is_empty() {
        Tree::Leaf(value)
    } else {
        Tree::Branch(tree(rest, value)?)
    };
    Some(vec![(key, inner)])
}

/// Adds what is missing to what is known to be; false where they say different things.
fn join(known: &mut Missing, more: Missing) -> bool {
    more.into_iter().all(
        |(key, tree)| match known.iter_mut().find(|(other, _)| *other == key) {
            None => {
                known.push((key, tree));
                true
            }
            Some((_, Tree::Branch(inner))) => match tree {
                Tree::Branch(more) => join(inner, more),
                Tree::Leaf(_) => false,
            },
            Some((_, leaf)) => *leaf == tree,
        },
    )
}

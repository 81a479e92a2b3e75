//! Writes objects as a text that can be read like any other, and remembers where each value of that
//! text was written by a person.

use palisade_document::Span;
use palisade_model::Origin;

use super::tree::{Node, Place, Tree};

/// Where the values of a rendered text come from.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Where values and keys stand in the rendered text, by their first byte, and their sources.
    marks: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    span: Span,
    place: Place,
    /// Whether the place does not hold the value as it is.
    near: bool,
}

impl Places {
    /// Adds a line of the rendered text, which stands after all that were added before.
    pub(super) fn push_line(&mut self, line: Span, place: Place) {
        let span = Span::new(line.start, u32::MAX);
        self.marks.push(Mark {
            span,
            place,
            near: true,
        });
    }

    /// The source of a span of the rendered text: of a value, of a key, or of a key and its value.
    pub(crate) fn origin(&self, span: Span) -> Option<Origin> {
        let after = self.marks.partition_point(|it| it.span.start <= span.start);
        let at = after.checked_sub(1)?;
        let first = self.marks.get(at)?;
        let mut source = first.place.span;
        if span.end > first.span.end {
            let value = self.marks.get(at + 1);
            if let Some(value) = value.filter(|it| it.place.file.path() == first.place.file.path())
            {
                source = source.to(value.place.span);
            }
        }
        let mut origin = Origin::new(&first.place.file, source);
        origin.near = first.near || span.start != first.span.start;
        Some(origin)
    }
}

/// Objects as a JSON text of a list, and the places of its values.
pub(super) fn write<'t>(objects: impl Iterator<Item = &'t Tree>) -> (String, Places) {
    let mut writer = Writer::default();
    writer
        .text
        .push_str("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
    for (at, object) in objects.enumerate() {
        if at > 0 {
            writer.text.push_str(",\n");
        }
        writer.tree(object);
    }
    writer.text.push_str("]}\n");
    (
        writer.text,
        Places {
            marks: writer.marks,
        },
    )
}

/// Whether the place of a value holds just that value, so that an edit there changes it.
fn holds(tree: &Tree) -> bool {
    let place = &tree.place;
    let written = place.file.slice(place.span);
    match &tree.node {
        Node::Map(map) => match map.first() {
            None => written == "{}",
            // A mapping in block style begins with its first key.
            Some((_, field)) => {
                field.key.span.start == place.span.start
                    && field.key.file.path() == place.file.path()
            }
        },
        Node::List(_) => written.starts_with(['-', '[']),
        Node::Null => false,
        Node::Text(_) | Node::Bool(_) | Node::Int(_) | Node::Float(_) => {
            let bare = written.trim_matches(['"', '\'']);
            tree.scalar().is_some_and(|text| text == bare)
        }
    }
}

#[derive(Debug, Default)]
struct Writer {
    text: String,
    marks: Vec<Mark>,
}

impl Writer {
    fn tree(&mut self, tree: &Tree) {
        let mark = self.begin(&tree.place, !holds(tree));
        match &tree.node {
            Node::Null => self.text.push_str("null"),
            Node::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Node::Int(value) => self.say(format_args!("{value}")),
            Node::Float(text) => self.float(text),
            Node::Text(text) => self.quoted(text),
            Node::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.tree(item);
                }
                self.text.push(']');
            }
            Node::Map(map) => {
                self.text.push('{');
                for (at, (key, field)) in map.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    let mark = self.begin(&field.key, false);
                    self.quoted(key);
                    self.end(mark);
                    self.text.push(':');
                    self.tree(&field.value);
                }
                self.text.push('}');
            }
        }
        self.end(mark);
    }

    /// A number as written where JSON can say it so, else as near as JSON can.
    fn float(&mut self, text: &str) {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits =
            |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
        let is_plain =
            all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0'));
        match text.parse::<f64>() {
            Ok(_) if is_plain => self.text.push_str(text),
            Ok(value) if value.is_finite() => self.say(format_args!("{value:?}")),
            _ => self.quoted(text),
        }
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                low if low < ' ' => self.say(format_args!("\\u{:04x}", u32::from(low))),
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    fn say(&mut self, words: std::fmt::Arguments<'_>) {
        use std::fmt::Write as _;
        // Writing to a text in memory cannot fail.
        self.text.write_fmt(words).unwrap_or_default();
    }

    fn begin(&mut self, place: &Place, near: bool) -> usize {
        let start = self.here();
        self.marks.push(Mark {
            span: Span::new(start, start),
            place: place.clone(),
            near,
        });
        self.marks.len() - 1
    }

    fn end(&mut self, mark: usize) {
        let end = self.here();
        if let Some(mark) = self.marks.get_mut(mark) {
            mark.span.end = end;
        }
    }

    fn here(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }
}

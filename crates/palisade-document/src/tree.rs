//! The immutable value: an arena of nodes per text, and the two-word handle that borrows it.

use std::sync::Arc;

use crate::file::{SourceFile, Span, offset};
use crate::keys::Keys;

/// Everything that one text holds: a list of root values (YAML documents) over one arena.
#[derive(Debug)]
pub struct Document {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) children: Vec<u32>,
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) keys: Keys,
    /// Texts that do not stand in the file as they are meant, one after the other.
    pub(crate) decoded: String,
    /// For each large object, its keys in order, each with the place of its entry.
    pub(crate) sorted: Vec<(u32, u32)>,
    pub(crate) roots: Vec<u32>,
}

/// The `sorted` of an object that is small enough to be searched from its beginning.
pub(crate) const UNSORTED: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) payload: Payload,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Payload {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A text that stands in the file as it is meant.
    Text {
        start: u32,
        len: u32,
    },
    /// A text of [`Document::decoded`].
    Decoded {
        start: u32,
        len: u32,
    },
    Array {
        start: u32,
        len: u32,
    },
    /// Entries, and where their order by key begins, if they are many.
    Object {
        start: u32,
        len: u32,
        sorted: u32,
    },
}

impl Payload {
    /// A text of so many bytes that stands in the file as it is meant.
    pub(crate) fn standing(start: u32, len: usize) -> Self {
        Self::Text {
            start,
            len: offset(len),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RawEntry {
    pub(crate) key: u32,
    pub(crate) key_span: Span,
    pub(crate) value: u32,
}

impl Document {
    pub(crate) fn empty(file: Arc<SourceFile>) -> Self {
        Self {
            file,
            nodes: Vec::new(),
            children: Vec::new(),
            entries: Vec::new(),
            keys: Keys::new(),
            decoded: String::new(),
            sorted: Vec::new(),
            roots: Vec::new(),
        }
    }

    /// The text that this was read from.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The root values, one per YAML document, in order.
    pub fn roots(&self) -> impl DoubleEndedIterator<Item = Value<'_>> + ExactSizeIterator {
        self.roots.iter().map(|node| Value {
            document: self,
            node: *node,
        })
    }

    /// How many values the arena holds.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The text of a payload, if it is one.
    pub(crate) fn text_of(&self, payload: Payload) -> Option<&str> {
        let (whole, start, len) = match payload {
            Payload::Text { start, len } => (self.file.text(), start, len),
            Payload::Decoded { start, len } => (self.decoded.as_str(), start, len),
            _ => return None,
        };
        let start = start as usize;
        Some(whole.get(start..start + len as usize).unwrap_or(""))
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
}

/// What a [`Value`] is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind<'d> {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean, YAML 1.1 spellings (`yes`, `on`) included.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    String(&'d str),
    /// A list.
    Array,
    /// A mapping; keys are texts.
    Object,
}

/// A borrowed value with its place: two words, `Copy`.
#[derive(Debug, Clone, Copy)]
pub struct Value<'d> {
    document: &'d Document,
    node: u32,
}

/// One key with its value in an object.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    /// The key.
    pub key: &'d str,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Value<'d>,
}

impl<'d> Value<'d> {
    /// What this value is.
    pub fn kind(self) -> Kind<'d> {
        match self.payload() {
            Payload::Null => Kind::Null,
            Payload::Bool(value) => Kind::Bool(value),
            Payload::Int(value) => Kind::Int(value),
            Payload::Float(value) => Kind::Float(value),
            payload @ (Payload::Text { .. } | Payload::Decoded { .. }) => {
                Kind::String(self.document.text_of(payload).unwrap_or(""))
            }
            Payload::Array { .. } => Kind::Array,
            Payload::Object { .. } => Kind::Object,
        }
    }

    /// Where this value stands.
    pub fn span(self) -> Span {
        self.raw().map_or_else(Span::default, |node| node.span)
    }

    /// The document that holds this value.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// The value under a key; `None` if this is not an object or has no such key.
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// The entry under a key, with the key's own span.
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        let entries = self.raw_entries();
        if entries.is_empty() {
            return None;
        }
        let id = self.document.keys.find(key)?;
        let found = match self.order() {
            Some(order) => {
                let at = order.binary_search_by_key(&id, |(key, _)| *key).ok()?;
                entries.get(order.get(at)?.1 as usize)?
            }
            None => entries.iter().find(|entry| entry.key == id)?,
        };
        Some(self.view(*found))
    }

    /// The value under a chain of keys.
    pub fn at(self, path: &[&str]) -> Option<Value<'d>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The items of an array; nothing if this is not an array.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Value<'d>> + ExactSizeIterator {
        let document = self.document;
        let (start, len) = match self.payload() {
            Payload::Array { start, len } => (start as usize, len as usize),
            _ => (0, 0),
        };
        let items = document.children.get(start..start + len).unwrap_or(&[]);
        items.iter().map(move |node| Value {
            document,
            node: *node,
        })
    }

    /// The entries of an object in source order; nothing if this is not an object.
    pub fn entries(self) -> impl DoubleEndedIterator<Item = Entry<'d>> + ExactSizeIterator {
        self.raw_entries()
            .iter()
            .map(move |entry| self.view(*entry))
    }

    /// The text, if this is one.
    pub fn as_str(self) -> Option<&'d str> {
        self.document.text_of(self.payload())
    }

    /// The boolean, if this is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.payload() {
            Payload::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number, if this is one.
    pub fn as_i64(self) -> Option<i64> {
        match self.payload() {
            Payload::Int(value) => Some(value),
            _ => None,
        }
    }

    /// A scalar as the text a person wrote: `80`, `true` and `"80"` alike.
    pub fn to_text(self) -> Option<String> {
        match self.payload() {
            payload @ (Payload::Text { .. } | Payload::Decoded { .. }) => {
                self.document.text_of(payload).map(str::to_owned)
            }
            Payload::Bool(value) => Some(value.to_string()),
            Payload::Int(value) => Some(value.to_string()),
            Payload::Float(_) => Some(self.document.file.slice(self.span()).to_owned()),
            Payload::Null | Payload::Array { .. } | Payload::Object { .. } => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(self) -> bool {
        matches!(self.payload(), Payload::Null)
    }

    /// Whether this is an object.
    pub fn is_object(self) -> bool {
        matches!(self.payload(), Payload::Object { .. })
    }

    /// Whether this is an array.
    pub fn is_array(self) -> bool {
        matches!(self.payload(), Payload::Array { .. })
    }

    fn raw(self) -> Option<&'d Node> {
        self.document.nodes.get(self.node as usize)
    }

    fn payload(self) -> Payload {
        self.raw().map_or(Payload::Null, |node| node.payload)
    }

    /// The order of the entries by key, each with its place among them, if they are many.
    fn order(self) -> Option<&'d [(u32, u32)]> {
        match self.payload() {
            Payload::Object { len, sorted, .. } if sorted != UNSORTED => {
                let start = sorted as usize;
                self.document.sorted.get(start..start + len as usize)
            }
            _ => None,
        }
    }

    fn raw_entries(self) -> &'d [RawEntry] {
        match self.payload() {
            Payload::Object { start, len, .. } => {
                let range = start as usize..(start + len) as usize;
                self.document.entries.get(range).unwrap_or(&[])
            }
            _ => &[],
        }
    }

    fn view(self, entry: RawEntry) -> Entry<'d> {
        Entry {
            key: self.document.keys.name(entry.key),
            key_span: entry.key_span,
            value: Value {
                document: self.document,
                node: entry.value,
            },
        }
    }
}

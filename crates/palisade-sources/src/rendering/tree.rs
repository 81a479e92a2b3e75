//! Objects in the making: values that can be changed, each with the place of the text it came from.

use std::sync::Arc;

use indexmap::IndexMap;
use palisade_document::{Kind, SourceFile, Span, Value};

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file.
    pub(super) file: Arc<SourceFile>,
    /// The bytes in it.
    pub(super) span: Span,
}

impl Place {
    /// A place in a file.
    pub(super) fn new(file: &Arc<SourceFile>, span: Span) -> Self {
        Self {
            file: Arc::clone(file),
            span,
        }
    }

    /// The first line of a file.
    pub(super) fn first_line(file: &Arc<SourceFile>) -> Self {
        Self::new(file, file.line_span(1))
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    /// Where it was written.
    pub(super) place: Place,
    /// What it is.
    pub(super) node: Node,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `null` or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as written.
    Float(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A mapping.
    Map(Map),
}

/// The fields of a mapping, in order.
pub(super) type Map = IndexMap<String, Field>;

/// A field of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Where its key was written.
    pub(super) key: Place,
    /// Its value.
    pub(super) value: Tree,
}

/// Trees are equal when they say the same, wherever they were written.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Tree {
    /// A copy of a value of a document, with the place that `locate` gives to a span.
    pub(super) fn copy(value: Value<'_>, locate: &dyn Fn(Span) -> Place) -> Self {
        let node = match value.kind() {
            Kind::Null => Node::Null,
            Kind::Bool(value) => Node::Bool(value),
            Kind::Int(value) => Node::Int(value),
            Kind::Float(number) => {
                Node::Float(value.to_text().unwrap_or_else(|| number.to_string()))
            }
            Kind::String(value) => Node::Text(value.to_owned()),
            Kind::Array => Node::List(value.items().map(|it| Self::copy(it, locate)).collect()),
            Kind::Object => {
                let fields = value.entries().map(|entry| {
                    let field = Field {
                        key: locate(entry.key_span),
                        value: Self::copy(entry.value, locate),
                    };
                    (entry.key.to_owned(), field)
                });
                Node::Map(fields.collect())
            }
        };
        Self {
            place: locate(value.span()),
            node,
        }
    }

    /// A text written at a place.
    pub(super) fn text(text: impl Into<String>, place: &Place) -> Self {
        Self {
            place: place.clone(),
            node: Node::Text(text.into()),
        }
    }

    /// An empty mapping.
    pub(super) fn empty(place: &Place) -> Self {
        Self {
            place: place.clone(),
            node: Node::Map(Map::new()),
        }
    }

    /// The fields, if this is a mapping.
    pub(super) fn map(&self) -> Option<&Map> {
        match &self.node {
            Node::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The fields, if this is a mapping.
    pub(super) fn map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.node {
            Node::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items; none if this is not a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.node {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.map()?.get(key).map(|field| &field.value)
    }

    /// The value under a key.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.map_mut()?.get_mut(key).map(|field| &mut field.value)
    }

    /// The value under a chain of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The text, if this is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as text; `None` for null, lists and mappings.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.node {
            Node::Text(text) | Node::Float(text) => Some(text.clone()),
            Node::Bool(value) => Some(value.to_string()),
            Node::Int(value) => Some(value.to_string()),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The text of the scalar under a key.
    pub(super) fn scalar_at(&self, key: &str) -> Option<String> {
        self.get(key)?.scalar()
    }

    /// How many values it holds, itself included.
    pub(super) fn size(&self) -> usize {
        1 + match &self.node {
            Node::List(items) => items.iter().map(Self::size).sum(),
            Node::Map(map) => map.values().map(|field| field.value.size()).sum(),
            _ => 0,
        }
    }

    /// How many levels of values it has, itself included.
    pub(super) fn depth(&self) -> usize {
        1 + match &self.node {
            Node::List(items) => items.iter().map(Self::depth).max().unwrap_or(0),
            Node::Map(map) => {
                let values = map.values().map(|field| field.value.depth());
                values.max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Whether this is null.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Null)
    }

    /// Puts a value under a key of a mapping; a key that is there keeps its place.
    pub(super) fn set(&mut self, key: &str, value: Self) {
        if let Some(map) = self.map_mut() {
            if let Some(field) = map.get_mut(key) {
                field.value = value;
            } else {
                let field = Field {
                    key: value.place.clone(),
                    value,
                };
                map.insert(key.to_owned(), field);
            }
        }
    }

    /// The mapping under a key, made where there is none; `None` where something else stands.
    pub(super) fn map_under(&mut self, key: &str, place: &Place) -> Option<&mut Self> {
        if self.get(key).is_none_or(Self::is_null) {
            self.set(key, Self::empty(place));
        }
        self.get_mut(key).filter(|tree| tree.map().is_some())
    }
}

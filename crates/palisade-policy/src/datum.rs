//! A value at evaluation time: borrowed from a document, or computed in an arena.

use palisade_document::{Kind, Span, Value};

/// A value that is either part of a document, with its place, or was computed: `Copy`, no counts.
#[derive(Debug, Clone, Copy)]
pub enum Datum<'a> {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Any value of a document: the span is kept.
    Document(Value<'a>),
    /// A computed list.
    List(&'a [Datum<'a>]),
    /// A computed mapping, in order of insertion; keys are unique.
    Map(&'a [(&'a str, Datum<'a>)]),
}

impl<'a> Datum<'a> {
    /// The same value with scalars taken out of their document, so that one match covers both.
    pub fn scalar(self) -> Self {
        match self {
            Self::Document(value) => match value.kind() {
                Kind::Null => Self::Null,
                Kind::Bool(value) => Self::Bool(value),
                Kind::Int(value) => Self::Int(value),
                Kind::Float(value) => Self::Float(value),
                Kind::String(value) => Self::Text(value),
                Kind::Array | Kind::Object => self,
            },
            other => other,
        }
    }

    /// Whether this is a list.
    pub fn is_list(self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Document(value) => value.is_array(),
            _ => false,
        }
    }

    /// Whether this is a mapping.
    pub fn is_map(self) -> bool {
        match self {
            Self::Map(_) => true,
            Self::Document(value) => value.is_object(),
            _ => false,
        }
    }

    /// The text, if this is one.
    pub fn as_text(self) -> Option<&'a str> {
        match self.scalar() {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.scalar() {
            Self::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// How many items or entries a list or mapping has; zero for anything else.
    pub fn len(self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            Self::Document(value) if value.is_array() => value.items().len(),
            Self::Document(value) => value.entries().len(),
            _ => 0,
        }
    }

    /// Whether a list or mapping is empty; true for anything else.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value under a key of a mapping.
    pub fn get(self, key: &str) -> Option<Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| *value),
            Self::Document(value) => value.get(key).map(Self::Document),
            _ => None,
        }
    }

    /// The item at an index of a list.
    pub fn item(self, index: usize) -> Option<Self> {
        match self {
            Self::List(items) => items.get(index).copied(),
            Self::Document(value) => value.items().nth(index).map(Self::Document),
            _ => None,
        }
    }

    /// The items of a list; nothing for anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let (list, document) = match self {
            Self::List(items) => (items, None),
            Self::Document(value) => (&[][..], Some(value)),
            _ => (&[][..], None),
        };
        let borrowed = document.into_iter().flat_map(Value::items);
        list.iter().copied().chain(borrowed.map(Self::Document))
    }

    /// The entries of a mapping; nothing for anything else.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        let (map, document) = match self {
            Self::Map(entries) => (entries, None),
            Self::Document(value) => (&[][..], Some(value)),
            _ => (&[][..], None),
        };
        let borrowed = document.into_iter().flat_map(Value::entries);
        map.iter()
            .copied()
            .chain(borrowed.map(|entry| (entry.key, Self::Document(entry.value))))
    }

    /// The place of a value that stands in a document.
    pub fn span(self) -> Option<Span> {
        match self {
            Self::Document(value) => Some(value.span()),
            _ => None,
        }
    }
}

impl<'a> From<Value<'a>> for Datum<'a> {
    fn from(value: Value<'a>) -> Self {
        Self::Document(value)
    }
}

/// The value as JSON; a number that JSON cannot say becomes `null`.
pub fn to_json(datum: Datum<'_>) -> serde_json::Value {
    use serde_json::Value as Json;
    match datum.scalar() {
        Datum::Null => Json::Null,
        Datum::Bool(value) => Json::Bool(value),
        Datum::Int(value) => Json::from(value),
        Datum::Float(value) => serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number),
        Datum::Text(text) => Json::from(text),
        composite if composite.is_list() => Json::Array(composite.items().map(to_json).collect()),
        composite => Json::Object(
            composite
                .entries()
                .map(|(key, value)| (key.to_owned(), to_json(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_document::{Limits, SourceFile, parse_yaml};

    use super::*;

    #[test]
    fn borrowed_and_computed_values_read_alike() {
        let file = Arc::new(SourceFile::new("a.yaml", "a: [1, x]\nb: {c: true}\n"));
        let (document, errors) = parse_yaml(file, &Limits::default());
        assert!(errors.is_empty());
        let borrowed = Datum::from(document.roots().next().unwrap());
        let list = [Datum::Int(1), Datum::Text("x")];
        let inner = [("c", Datum::Bool(true))];
        let entries = [("a", Datum::List(&list)), ("b", Datum::Map(&inner))];
        let computed = Datum::Map(&entries);
        assert_eq!(to_json(borrowed), to_json(computed));
        for value in [borrowed, computed] {
            assert_eq!(value.len(), 2);
            assert_eq!(value.get("a").and_then(|a| a.item(1)?.as_text()), Some("x"));
            assert_eq!(
                value.get("b").and_then(|b| b.get("c")?.as_bool()),
                Some(true)
            );
            assert!(value.item(0).is_none() && value.get("x").is_none());
        }
        let place = borrowed.get("b").and_then(Datum::span);
        assert_eq!(place, Some(Span::new(13, 22)));
    }
}

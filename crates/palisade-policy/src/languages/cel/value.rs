//! The value of an expression: part of a document, or computed in an arena; `Copy`, no counts.

use std::cmp::Ordering;

use bumpalo::Bump;

use super::foreign::Foreign;
use crate::datum::Datum;

/// A moment: seconds since 1970-01-01T00:00:00Z and the nanoseconds after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// A message that an expression made: `Object{…}`, `JSONPatch{…}` and their like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'v> {
    pub(crate) type_name: &'v str,
    pub(crate) fields: &'v [(&'v str, Val<'v>)],
}

/// Two values of types that have no order between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unordered;

/// A value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Val<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(&'v str),
    Bytes(&'v [u8]),
    /// In nanoseconds.
    Duration(i64),
    Timestamp(Moment),
    List(&'v [Val<'v>]),
    /// Entries in order of insertion; keys are unique.
    Map(&'v [(Val<'v>, Val<'v>)]),
    /// A list or mapping of a document (never a scalar).
    Data(Datum<'v>),
    Optional(Option<&'v Val<'v>>),
    Type(&'v str),
    Message(&'v Message<'v>),
    Foreign(&'v Foreign<'v>),
}

impl<'v> From<Datum<'v>> for Val<'v> {
    fn from(datum: Datum<'v>) -> Self {
        match datum.scalar() {
            Datum::Null => Self::Null,
            Datum::Bool(value) => Self::Bool(value),
            Datum::Int(value) => Self::Int(value),
            Datum::Float(value) => Self::Double(value),
            Datum::Text(text) => Self::Text(text),
            composite => Self::Data(composite),
        }
    }
}

impl<'v> Val<'v> {
    /// The name of its type, as `type(…)` shows it.
    pub(crate) fn type_name(self) -> &'v str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Data(datum) if datum.is_list() => "list",
            Self::Map(_) | Self::Data(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Message(message) => message.type_name,
            Self::Foreign(foreign) => foreign.type_name(),
        }
    }

    /// Whether this is a list.
    pub(crate) fn is_list(self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Data(datum) => datum.is_list(),
            _ => false,
        }
    }

    /// Whether this is a map.
    pub(crate) fn is_map(self) -> bool {
        match self {
            Self::Map(_) => true,
            Self::Data(datum) => datum.is_map(),
            _ => false,
        }
    }

    /// How many elements a list, map or message has.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            Self::Data(datum) => datum.len(),
            Self::Message(message) => message.fields.len(),
            _ => 0,
        }
    }

    /// The items of a list; nothing for anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> + use<'v> {
        let (list, datum) = match self {
            Self::List(items) => (items, Datum::Null),
            Self::Data(datum) => (&[][..], datum),
            _ => (&[][..], Datum::Null),
        };
        list.iter().copied().chain(datum.items().map(Self::from))
    }

    /// The entries of a map or message; nothing for anything else.
    pub(crate) fn entries(self) -> impl Iterator<Item = (Self, Self)> + use<'v> {
        let (map, datum, fields) = match self {
            Self::Map(entries) => (entries, Datum::Null, &[][..]),
            Self::Data(datum) => (&[][..], datum, &[][..]),
            Self::Message(message) => (&[][..], Datum::Null, message.fields),
            _ => (&[][..], Datum::Null, &[][..]),
        };
        let borrowed = datum.entries();
        map.iter()
            .copied()
            .chain(borrowed.map(|(key, value)| (Self::Text(key), Self::from(value))))
            .chain(fields.iter().map(|(key, value)| (Self::Text(key), *value)))
    }

    /// The item of a list.
    pub(crate) fn item(self, index: usize) -> Option<Self> {
        match self {
            Self::List(items) => items.get(index).copied(),
            Self::Data(datum) => datum.item(index).map(Self::from),
            _ => None,
        }
    }

    /// The value under a text key of a map or message.
    pub(crate) fn field(self, key: &str) -> Option<Self> {
        match self {
            Self::Data(datum) => datum.get(key).map(Self::from),
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| matches!(name, Self::Text(name) if *name == key))
                .map(|(_, value)| *value),
            Self::Message(message) => {
                let mut fields = message.fields.iter();
                fields
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| *value)
            }
            _ => None,
        }
    }

    /// The value under any key of a map; numbers of different types are the same key.
    pub(crate) fn entry(self, key: Self) -> Option<Self> {
        if let Self::Text(key) = key {
            return self.field(key);
        }
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.equals(key))
                .map(|(_, value)| *value),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub(crate) fn as_text(self) -> Option<&'v str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Equality of the language: numbers compare across types, different types are unequal.
    pub(crate) fn equals(self, other: Self) -> bool {
        if let Ok(order) = self.compare_numbers(other) {
            return order == Some(Ordering::Equal);
        }
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) | (Self::Type(a), Self::Type(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(*b),
                (None, None) => true,
                _ => false,
            },
            (Self::Message(a), Self::Message(b)) => {
                a.type_name == b.type_name && same_entries(self, other)
            }
            (Self::Foreign(a), Self::Foreign(b)) => a.equals(b),
            _ if self.is_list() && other.is_list() => {
                self.len() == other.len()
                    && self.items().zip(other.items()).all(|(a, b)| a.equals(b))
            }
            _ if self.is_map() && other.is_map() => same_entries(self, other),
            _ => false,
        }
    }

    /// Order; nothing with a number that is not one (NaN).
    pub(crate) fn compare(self, other: Self) -> Result<Option<Ordering>, Unordered> {
        if let Ok(order) = self.compare_numbers(other) {
            return Ok(order);
        }
        Ok(Some(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(&b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(&b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(&b),
            _ => return Err(Unordered),
        }))
    }

    fn compare_numbers(self, other: Self) -> Result<Option<Ordering>, Unordered> {
        Ok(match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Uint(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            (Self::Uint(a), Self::Int(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            (Self::Int(a), Self::Double(b)) => whole_with_double(i128::from(a), b),
            (Self::Uint(a), Self::Double(b)) => whole_with_double(i128::from(a), b),
            (Self::Double(a), Self::Int(b)) => {
                whole_with_double(i128::from(b), a).map(Ordering::reverse)
            }
            (Self::Double(a), Self::Uint(b)) => {
                whole_with_double(i128::from(b), a).map(Ordering::reverse)
            }
            _ => return Err(Unordered),
        })
    }

    /// Whether this is the empty value of its type.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Int(value) | Self::Duration(value) => value == 0,
            Self::Uint(value) => value == 0,
            Self::Double(value) => value == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Timestamp(moment) => moment.seconds == 0 && moment.nanos == 0,
            Self::List(_) | Self::Map(_) | Self::Data(_) | Self::Message(_) => self.len() == 0,
            Self::Optional(value) => value.is_none(),
            Self::Type(_) | Self::Foreign(_) => false,
        }
    }

    /// The value as part of a document that a policy writes; an error names what has no such form.
    pub(crate) fn to_datum(self, arena: &'v Bump) -> Result<Datum<'v>, String> {
        Ok(match self {
            Self::Null | Self::Optional(None) => Datum::Null,
            Self::Bool(value) => Datum::Bool(value),
            Self::Int(value) => Datum::Int(value),
            Self::Uint(value) => i64::try_from(value).map_or_else(
                |_| Datum::Text(arena.alloc_str(&value.to_string())),
                Datum::Int,
            ),
            Self::Double(value) => Datum::Float(value),
            Self::Text(text) => Datum::Text(text),
            Self::Data(datum) => datum,
            Self::Optional(Some(value)) => value.to_datum(arena)?,
            Self::Duration(_) | Self::Timestamp(_) | Self::Bytes(_) => {
                let text = super::library::conversions::text_of(self).unwrap_or_default();
                Datum::Text(arena.alloc_str(&text))
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(item.to_datum(arena)?);
                }
                Datum::List(arena.alloc_slice_copy(&list))
            }
            Self::Map(_) | Self::Message(_) => {
                let mut map: Vec<(&'v str, Datum<'v>)> = Vec::with_capacity(self.len());
                for (key, value) in self.entries() {
                    let key = match key {
                        Self::Text(text) => text,
                        other => {
                            let text = super::library::conversions::text_of(other);
                            arena.alloc_str(&text.unwrap_or_default())
                        }
                    };
                    map.push((key, value.to_datum(arena)?));
                }
                Datum::Map(arena.alloc_slice_copy(&map))
            }
            Self::Foreign(foreign) => {
                Datum::Text(arena.alloc_str(&foreign.text().ok_or_else(|| {
                    format!(
                        "a value of type `{}` cannot be written",
                        foreign.type_name()
                    )
                })?))
            }
            Self::Type(name) => Datum::Text(name),
        })
    }
}

fn same_entries(a: Val<'_>, b: Val<'_>) -> bool {
    a.len() == b.len()
        && a.entries()
            .all(|(key, value)| b.entry(key).is_some_and(|other| value.equals(other)))
}

/// As the reference implementation compares: a whole number within the doubles' bounds is
/// converted to the nearest double.
#[expect(
    clippy::cast_precision_loss,
    reason = "the language compares the nearest double"
)]
fn whole_with_double(whole: i128, double: f64) -> Option<Ordering> {
    (whole as f64).partial_cmp(&double)
}

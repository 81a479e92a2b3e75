//! Values at evaluation time: small, `Copy`, in the arena; lists and maps can be changed in place,
//! as the language has it, and come out of a document only where they are looked into.

mod collection;
mod compare;
mod shown;
mod table;

use bumpalo::Bump;
use palisade_document::{Kind, Value as Borrowed};

use super::evaluation::{Closure, LazyRule, Module};
use super::imports::{Instance, NativeFunction};

pub(super) use self::collection::{List, Map};
pub(super) use self::compare::{Order, equal, order, same_key};
pub(super) use self::shown::{decimal_text, shown};

/// A value.
#[derive(Clone, Copy)]
pub(super) enum Value<'r> {
    Undefined,
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'r str),
    List(&'r List<'r>),
    Map(&'r Map<'r>),
    Function(&'r Closure<'r>),
    Rule(&'r LazyRule<'r>),
    /// A function that is built in or comes with an import.
    Native(NativeFunction),
    /// A function of an instance, such as `time.now.before`.
    Method(&'r Instance<'r>, NativeFunction),
    /// A value of an import with a type of its own: a moment, a decimal, a version.
    Instance(&'r Instance<'r>),
    /// An import that is written in this language.
    Module(&'r Module<'r>),
    /// An import that is part of the engine, by its index.
    Namespace(u32),
}

impl<'r> Value<'r> {
    /// The value of a document's value; what is in it is read when it is looked into.
    pub(super) fn borrow(arena: &'r Bump, value: Borrowed<'r>) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool(value) => Self::Bool(value),
            Kind::Int(value) => Self::Int(value),
            Kind::Float(value) => Self::Float(value),
            Kind::String(value) => Self::Text(value),
            Kind::Array => Self::List(arena.alloc(List::borrowed(value))),
            Kind::Object => Self::Map(arena.alloc(Map::borrowed(value))),
        }
    }

    /// A text in the arena.
    pub(super) fn text(arena: &'r Bump, text: &str) -> Self {
        Self::Text(arena.alloc_str(text))
    }

    /// A list in the arena.
    pub(super) fn list(arena: &'r Bump, items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(arena.alloc(List::of(arena, items)))
    }

    /// A map in the arena, with texts as keys.
    pub(super) fn map<'k>(
        arena: &'r Bump,
        entries: impl IntoIterator<Item = (&'k str, Self)>,
    ) -> Self {
        let map = Map::new(arena);
        for (key, value) in entries {
            map.set(arena, Self::text(arena, key), value);
        }
        Self::Map(arena.alloc(map))
    }

    /// Whether this is `undefined`.
    pub(super) const fn is_undefined(self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// The name of the type, as the `types` import says it.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) | Self::Instance(_) => "map",
            Self::Function(_) | Self::Native(_) | Self::Method(..) => "func",
            Self::Rule(_) => "rule",
            Self::Module(_) | Self::Namespace(_) => "import",
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.type_name())
    }
}

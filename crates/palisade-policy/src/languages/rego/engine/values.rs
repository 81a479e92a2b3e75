//! Values across the border to the engine.

use std::sync::Arc;

use anyhow::anyhow;
use palisade_document::Kind;
use regorus::Value;

use super::super::term::{Number, Term};
use super::super::world;
use super::memory;
use crate::datum::Datum;

/// A value of the engine, for those who only hand it on.
#[derive(Debug, Clone)]
pub(in crate::languages::rego) struct Foreign(Value);

impl Foreign {
    pub(super) fn value(&self) -> &Value {
        &self.0
    }

    /// Whether its texts hold nothing beyond ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        is_ascii(&self.0)
    }

    pub(super) fn into_value(self) -> Value {
        self.0
    }

    /// An object of values.
    pub(in crate::languages::rego) fn object<'k>(
        entries: impl IntoIterator<Item = (&'k str, Self)>,
    ) -> Self {
        let object: regorus_object::Object = entries
            .into_iter()
            .map(|(key, value)| (Value::from(key), value.0))
            .collect();
        Self(Value::from(object))
    }
}

fn is_ascii(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_ascii(),
        Value::Array(items) => items.iter().all(is_ascii),
        Value::Set(items) => items.iter().all(is_ascii),
        Value::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_ascii(key) && is_ascii(value)),
        _ => true,
    }
}

mod regorus_object {
    //! The engine's object by a name of its own.
    pub(super) use regorus::value::Object;
}

/// A value of a document or computed: borrowed, without a text in between.
pub(in crate::languages::rego) fn from_datum(datum: Datum<'_>) -> Foreign {
    Foreign(convert(datum))
}

fn convert(datum: Datum<'_>) -> Value {
    if let Datum::Document(value) = datum
        && let Kind::Float(fraction) = value.kind()
    {
        // Digits beyond 64 bits stand in the text only.
        let text = value.document().file().slice(value.span());
        let digits = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        return if digits {
            Value::from_numeric_string(text).unwrap_or_else(|_| Value::from(fraction))
        } else {
            Value::from(fraction)
        };
    }
    match datum.scalar() {
        Datum::Null => Value::Null,
        Datum::Bool(value) => Value::Bool(value),
        Datum::Int(value) => Value::from(value),
        Datum::Float(value) => Value::from(value),
        Datum::Text(text) => Value::String(Arc::from(text)),
        composite if composite.is_list() => {
            Value::from(composite.items().map(convert).collect::<Vec<_>>())
        }
        composite => {
            let object: regorus_object::Object = composite
                .entries()
                .map(|(key, value)| (Value::String(Arc::from(key)), convert(value)))
                .collect();
            Value::from(object)
        }
    }
}

/// A term as the engine's value.
pub(in crate::languages::rego) fn from_term(term: &Term) -> Foreign {
    Foreign(term_value(term))
}

fn term_value(term: &Term) -> Value {
    match term {
        Term::Null => Value::Null,
        Term::Bool(value) => Value::Bool(*value),
        Term::Number(Number::Int(value)) => Value::from(*value),
        Term::Number(Number::Float(value)) => Value::from(*value),
        Term::Number(Number::Big(digits)) => {
            Value::from_numeric_string(digits).unwrap_or(Value::Undefined)
        }
        Term::Text(text) => Value::String(Arc::from(text.as_str())),
        Term::Array(items) => Value::from(items.iter().map(term_value).collect::<Vec<_>>()),
        Term::Set(items) => Value::from(
            items
                .iter()
                .map(term_value)
                .collect::<std::collections::BTreeSet<_>>(),
        ),
        Term::Object(entries) => {
            let object: regorus_object::Object = entries
                .iter()
                .map(|(key, value)| (term_value(key), term_value(value)))
                .collect();
            Value::from(object)
        }
    }
}

/// The engine's value as a term; what is undefined inside (which the engine never builds) is null.
pub(super) fn to_term(value: &Value) -> anyhow::Result<Term> {
    if memory::is_bounded(value) {
        return Ok(term(value));
    }
    let message =
        "a value is too large to be said; parts that it holds several times count each time";
    world::with(|world| world.halted = Some(message.to_owned()));
    Err(anyhow!(message))
}

fn term(value: &Value) -> Term {
    match value {
        Value::Null | Value::Undefined => Term::Null,
        Value::Bool(value) => Term::Bool(*value),
        Value::Number(number) => Term::Number(match number.as_i64() {
            Some(value) => Number::Int(value),
            None if number.is_integer() => Number::parse(&number.format_decimal()),
            None => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Term::text(&**text),
        Value::Array(items) => Term::Array(items.iter().map(term).collect()),
        Value::Set(items) => Term::Set(items.iter_sorted().map(term).collect()),
        Value::Object(entries) => Term::Object(
            entries
                .iter_sorted()
                .map(|(key, value)| (term(key), term(value)))
                .collect(),
        ),
    }
}

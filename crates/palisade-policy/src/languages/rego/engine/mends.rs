//! Functions over the engine's own values: those of its own that are wrong beyond ASCII, and those that
//! rewritten policies call.

use anyhow::{Result, anyhow};
use regorus::Value;

use super::super::world;
use super::memory;

/// What a function does.
type Call = fn(&[Value]) -> Result<Value>;

/// Name, number of arguments, and what it does.
pub(super) const ALL: &[(&str, u8, Call)] = &[
    ("count", 1, count),
    ("internal.bounded", 1, |arguments| match arguments.first() {
        Some(value) if memory::is_bounded(value) => Ok(value.clone()),
        _ => halt(
            "a value is too large to be said; parts that it holds several times count each time",
        ),
    }),
    ("internal.member_3", 3, member),
];

/// What is undefined, or a mistake where strictness is asked for.
fn undefined(message: &str) -> Result<Value> {
    if world::with(|world| world.strict) {
        Err(anyhow!(message.to_owned()))
    } else {
        Ok(Value::Undefined)
    }
}

/// The evaluation ends.
fn halt<T>(message: &str) -> Result<T> {
    world::with(|world| world.halted = Some(message.to_owned()));
    Err(anyhow!(message.to_owned()))
}

/// Texts are counted in letters.
fn count(arguments: &[Value]) -> Result<Value> {
    let count = match arguments.first() {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Set(items)) => items.len(),
        Some(Value::Object(entries)) => entries.len(),
        Some(Value::String(text)) => text.chars().count(),
        _ => return undefined("`count` needs an array, object, set or string"),
    };
    Ok(Value::from(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Whether a collection has a value under a key.
fn member(arguments: &[Value]) -> Result<Value> {
    let [key, value, collection] = arguments else {
        return undefined("a key, a value and a collection are needed");
    };
    let found = match collection {
        Value::Array(_) | Value::Object(_) => collection[key] == *value,
        Value::Set(items) => key == value && items.contains(value),
        _ => false,
    };
    Ok(Value::Bool(found))
}

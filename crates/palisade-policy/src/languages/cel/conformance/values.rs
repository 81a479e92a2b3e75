//! Values of the suite as values of the engine.

use super::super::library::wellknown;
use super::super::machine::Machine;
use super::super::program::Program;
use super::super::scope::Scope;
use super::super::value::{Message, Val};
use super::textproto::{Block, Field};
use super::{PROTOBUF, is_word};
use crate::context::Context;

/// Reads a `cel.expr.Value`.
pub(super) fn value<'v>(context: &'v Context<'v>, block: &Block) -> Result<Val<'v>, String> {
    let arena = context.arena;
    let Some((name, field)) = block.fields.first() else {
        return Err("an empty value".to_owned());
    };
    let wrong = || format!("cannot read a {name} of the suite");
    let word = || match field {
        Field::Word(word) => Ok(word.as_str()),
        _ => Err(wrong()),
    };
    let bytes = || match field {
        Field::Text(bytes) => Ok(&*arena.alloc_slice_copy(bytes)),
        _ => Err(wrong()),
    };
    Ok(match name.as_str() {
        "null_value" => Val::Null,
        "bool_value" => Val::Bool(is_word(field, "true")),
        "int64_value" => Val::Int(integer(word()?).ok_or_else(wrong)?),
        "uint64_value" => {
            let value = integer_wide(word()?).ok_or_else(wrong)?;
            Val::Uint(u64::try_from(value).map_err(|_| wrong())?)
        }
        "double_value" => Val::Double(double(word()?).ok_or_else(wrong)?),
        "string_value" => Val::Text(std::str::from_utf8(bytes()?).map_err(|_| wrong())?),
        "bytes_value" => Val::Bytes(bytes()?),
        "type_value" => {
            let name = std::str::from_utf8(bytes()?).map_err(|_| wrong())?;
            Val::Type(name)
        }
        "list_value" => {
            let Field::Block(list) = field else {
                return Err(wrong());
            };
            let items: Result<Vec<Val<'v>>, String> = list
                .blocks("values")
                .map(|item| value(context, item))
                .collect();
            Val::List(arena.alloc_slice_copy(&items?))
        }
        "map_value" => {
            let Field::Block(map) = field else {
                return Err(wrong());
            };
            let mut entries = Vec::new();
            for entry in map.blocks("entries") {
                let part = |name| entry.blocks(name).next().ok_or_else(wrong);
                entries.push((
                    value(context, part("key")?)?,
                    value(context, part("value")?)?,
                ));
            }
            Val::Map(arena.alloc_slice_copy(&entries))
        }
        "object_value" => {
            let Field::Block(any) = field else {
                return Err(wrong());
            };
            object(context, any)?
        }
        _ => return Err(PROTOBUF.to_owned()),
    })
}

/// Reads a `google.protobuf.Any` with a well-known message in it.
fn object<'v>(context: &'v Context<'v>, any: &Block) -> Result<Val<'v>, String> {
    let unsupported = || PROTOBUF.to_owned();
    let Some((name, Field::Block(body))) = any.fields.first() else {
        return Err(unsupported());
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    if !wellknown::is_known(name) {
        return Err(unsupported());
    }
    let arena = context.arena;
    match name {
        "google.protobuf.Value" => return json(context, body),
        "google.protobuf.Struct" => return json_map(context, body),
        "google.protobuf.ListValue" => return json_list(context, body),
        _ => {}
    }
    let mut fields: Vec<(&'v str, Val<'v>)> = Vec::new();
    for (key, field) in &body.fields {
        let value = match field {
            Field::Text(bytes) if name == "google.protobuf.BytesValue" => {
                Val::Bytes(arena.alloc_slice_copy(bytes))
            }
            Field::Text(bytes) => Val::Text(arena.alloc_str(&String::from_utf8_lossy(bytes))),
            Field::Word(word) if name.contains("UInt") => {
                let value = integer_wide(word).and_then(|value| u64::try_from(value).ok());
                Val::Uint(value.ok_or_else(unsupported)?)
            }
            Field::Word(word) if name.contains("Bool") => Val::Bool(word == "true"),
            Field::Word(word) if name.contains("Double") || name.contains("Float") => {
                Val::Double(double(word).ok_or_else(unsupported)?)
            }
            Field::Word(word) => Val::Int(integer(word).ok_or_else(unsupported)?),
            Field::Block(_) => return Err(unsupported()),
        };
        fields.push((arena.alloc_str(key), value));
    }
    let message = arena.alloc(Message {
        type_name: arena.alloc_str(name),
        fields: arena.alloc_slice_copy(&fields),
    });
    let nothing = Program::compile("null", &Scope::default()).map_err(|error| error.message)?;
    let nothing = &*Box::leak(Box::new(nothing));
    let environment = arena.alloc(super::Environment::default());
    let machine = Machine::new(context, environment, nothing);
    wellknown::value_of(&machine, message).map_err(|fault| fault.message().to_owned())
}

fn json<'v>(context: &'v Context<'v>, body: &Block) -> Result<Val<'v>, String> {
    let arena = context.arena;
    let Some((kind, field)) = body.fields.first() else {
        return Ok(Val::Null);
    };
    Ok(match (kind.as_str(), field) {
        ("number_value", Field::Word(word)) => {
            Val::Double(double(word).ok_or_else(|| PROTOBUF.to_owned())?)
        }
        ("bool_value", field) => Val::Bool(is_word(field, "true")),
        ("string_value", Field::Text(bytes)) => {
            Val::Text(arena.alloc_str(&String::from_utf8_lossy(bytes)))
        }
        ("struct_value", Field::Block(body)) => json_map(context, body)?,
        ("list_value", Field::Block(body)) => json_list(context, body)?,
        _ => Val::Null,
    })
}

fn json_map<'v>(context: &'v Context<'v>, body: &Block) -> Result<Val<'v>, String> {
    let mut entries = Vec::new();
    for entry in body.blocks("fields") {
        let key = context.arena.alloc_str(&entry.text("key"));
        let value = match entry.blocks("value").next() {
            Some(value) => json(context, value)?,
            None => Val::Null,
        };
        entries.push((Val::Text(key), value));
    }
    Ok(Val::Map(context.arena.alloc_slice_copy(&entries)))
}

fn json_list<'v>(context: &'v Context<'v>, body: &Block) -> Result<Val<'v>, String> {
    let items: Result<Vec<Val<'v>>, String> = body
        .blocks("values")
        .map(|item| json(context, item))
        .collect();
    Ok(Val::List(context.arena.alloc_slice_copy(&items?)))
}

fn integer_wide(word: &str) -> Option<i128> {
    match word.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

fn integer(word: &str) -> Option<i64> {
    i64::try_from(integer_wide(word)?).ok()
}

fn double(word: &str) -> Option<f64> {
    match word {
        "inf" | "Infinity" | "infinity" => Some(f64::INFINITY),
        "-inf" | "-Infinity" | "-infinity" => Some(f64::NEG_INFINITY),
        "nan" | "NaN" => Some(f64::NAN),
        other => other.trim_end_matches('f').parse().ok(),
    }
}

/// Equality by the suite: types count, and what is not a number is equal to itself.
pub(super) fn same(found: Val<'_>, expected: Val<'_>) -> bool {
    if found.type_name() != expected.type_name() {
        return false;
    }
    match (found, expected) {
        (Val::Double(a), Val::Double(b)) if a.is_nan() && b.is_nan() => true,
        _ if found.is_list() => {
            found.len() == expected.len()
                && found.items().zip(expected.items()).all(|(a, b)| same(a, b))
        }
        _ if found.is_map() => {
            found.len() == expected.len()
                && found
                    .entries()
                    .all(|(key, value)| expected.entry(key).is_some_and(|other| same(value, other)))
        }
        _ => found.equals(expected),
    }
}

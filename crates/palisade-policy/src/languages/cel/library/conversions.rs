//! Conversions between types, `size` and `type`.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{count, time, value};

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("int", &[Type::Any], to_int),
    Overload::global("uint", &[Type::Any], to_uint),
    Overload::global("double", &[Type::Any], to_double),
    Overload::global("string", &[Type::Any], to_text),
    Overload::global("bytes", &[Type::Any], to_bytes),
    Overload::global("bool", &[Type::Any], to_bool),
    Overload::global("timestamp", &[Type::Any], to_timestamp),
    Overload::global("duration", &[Type::Any], to_duration),
    Overload::global("dyn", &[Type::Any], same),
    Overload::global("type", &[Type::Any], type_of),
    Overload::global("size", &[Type::Any], size),
    Overload::member("size", &[Type::Any], size),
];

/// The text of a value as `string(…)` gives it; an error for values without one.
pub(in super::super) fn text_of(value: Val<'_>) -> Result<String, Fault> {
    Ok(match value {
        Val::Null => "null".to_owned(),
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Uint(value) => value.to_string(),
        Val::Double(value) => double_text(value),
        Val::Text(text) => text.to_owned(),
        Val::Bytes(bytes) => std::str::from_utf8(bytes)
            .map_err(|_| Fault::new("invalid UTF-8 in bytes, which cannot be converted to string"))?
            .to_owned(),
        Val::Duration(nanoseconds) => time::duration_text(nanoseconds),
        Val::Timestamp(moment) => time::timestamp_text(moment),
        Val::Type(name) => name.to_owned(),
        Val::Foreign(foreign) => foreign
            .text()
            .ok_or_else(|| unconvertible(value, "string"))?,
        _ => return Err(unconvertible(value, "string")),
    })
}

/// A double as Go's shortest form: an exponent only for very large and very small numbers.
pub(in super::super) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    value.to_string()
}

fn unconvertible(value: Val<'_>, wanted: &str) -> Fault {
    let found = value.type_name();
    Fault::new(format!("no such overload: {wanted}({found})"))
}

fn range(wanted: &str) -> Fault {
    Fault::new(format!("range error: the value does not fit {wanted}"))
}

fn unreadable(text: &str, wanted: &str) -> Fault {
    let shown: String = text.chars().take(64).collect();
    Fault::new(format!("type conversion error: `{shown}` is not {wanted}"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds are checked first"
)]
fn to_int<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let found = value(arguments, 0)?;
    Ok(Val::Int(match found {
        Val::Int(value) => value,
        Val::Uint(value) => i64::try_from(value).map_err(|_| range("int"))?,
        Val::Double(value) => {
            let bound = 9_223_372_036_854_775_807.0;
            if value <= -bound || value >= bound || value.is_nan() {
                return Err(range("int"));
            }
            value as i64
        }
        Val::Text(text) => text.parse().map_err(|_| unreadable(text, "an int"))?,
        Val::Timestamp(moment) => moment.seconds,
        Val::Bool(value) => i64::from(value),
        _ => return Err(unconvertible(found, "int")),
    }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the bounds are checked first"
)]
fn to_uint<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let found = value(arguments, 0)?;
    Ok(Val::Uint(match found {
        Val::Uint(value) => value,
        Val::Int(value) => u64::try_from(value).map_err(|_| range("uint"))?,
        Val::Double(value) => {
            if !(0.0..18_446_744_073_709_551_615.0).contains(&value) {
                return Err(range("uint"));
            }
            value as u64
        }
        Val::Text(text) => text.parse().map_err(|_| unreadable(text, "a uint"))?,
        _ => return Err(unconvertible(found, "uint")),
    }))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the language converts to the nearest double"
)]
fn to_double<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let found = value(arguments, 0)?;
    Ok(Val::Double(match found {
        Val::Double(value) => value,
        Val::Int(value) => value as f64,
        Val::Uint(value) => value as f64,
        Val::Text(text) => text.parse().map_err(|_| unreadable(text, "a double"))?,
        _ => return Err(unconvertible(found, "double")),
    }))
}

fn to_text<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        text @ Val::Text(_) => Ok(text),
        Val::Bytes(bytes) => std::str::from_utf8(bytes)
            .map(Val::Text)
            .map_err(|_| Fault::new("invalid UTF-8 in bytes, which cannot be converted to string")),
        Val::Null => Err(unconvertible(Val::Null, "string")),
        other => machine.new_text(&text_of(other)?),
    }
}

fn to_bytes<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Text(text) => Ok(Val::Bytes(text.as_bytes())),
        bytes @ Val::Bytes(_) => Ok(bytes),
        other => Err(unconvertible(other, "bytes")),
    }
}

fn to_bool<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        value @ Val::Bool(_) => Ok(value),
        Val::Text("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Val::Bool(true)),
        Val::Text("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Val::Bool(false)),
        Val::Text(text) => Err(unreadable(text, "a bool")),
        other => Err(unconvertible(other, "bool")),
    }
}

fn to_timestamp<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        value @ Val::Timestamp(_) => Ok(value),
        Val::Int(seconds) => {
            let nanoseconds = i128::from(seconds) * 1_000_000_000;
            super::super::operators::moment(nanoseconds).map(Val::Timestamp)
        }
        Val::Text(text) => match time::parse_timestamp(text) {
            Some(nanoseconds) => super::super::operators::moment(nanoseconds).map(Val::Timestamp),
            None => Err(unreadable(
                text,
                "a timestamp such as `2026-01-31T12:00:00Z`",
            )),
        },
        other => Err(unconvertible(other, "timestamp")),
    }
}

fn to_duration<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        value @ Val::Duration(_) => Ok(value),
        Val::Int(nanoseconds) => Ok(Val::Duration(nanoseconds)),
        Val::Text(text) => time::parse_duration(text)
            .map(Val::Duration)
            .ok_or_else(|| unreadable(text, "a duration such as `1h30m`")),
        other => Err(unconvertible(other, "duration")),
    }
}

fn same<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    value(arguments, 0)
}

fn type_of<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Ok(Val::Type(value(arguments, 0)?.type_name()))
}

fn size<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let found = value(arguments, 0)?;
    match found {
        Val::Text(text) => {
            machine.context.meter.charge(text.len() as u64 / 1024)?;
            Ok(count(text.chars().count()))
        }
        Val::Bytes(bytes) => Ok(count(bytes.len())),
        Val::List(_) | Val::Map(_) | Val::Data(_) => Ok(count(found.len())),
        _ => Err(unconvertible(found, "size")),
    }
}

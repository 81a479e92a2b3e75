//! Functions that need no import.

use super::super::imports::{Call, NativeEntry, NativeFunction};
use super::super::value::{Order, Value, order, shown};
use super::{At, Fault, Machine, Outcome, failed};
use crate::languages::sentinel::syntax::whole_number;

/// Longest list that `range` makes.
const MAX_RANGE: i64 = 1 << 20;

/// The built-in function of a name.
pub(in super::super) fn builtin(name: &str) -> Option<NativeFunction> {
    let found = BUILTINS.iter().find(|entry| entry.name == name);
    found.map(NativeFunction)
}

static BUILTINS: [NativeEntry; 13] = [
    NativeEntry::new("append", append),
    NativeEntry::new("bool", bool),
    NativeEntry::new("compare", compare),
    NativeEntry::new("delete", delete),
    NativeEntry::new("error", error),
    NativeEntry::new("float", float),
    NativeEntry::new("int", int),
    NativeEntry::new("keys", keys),
    NativeEntry::new("length", length),
    NativeEntry::new("print", print),
    NativeEntry::new("range", range),
    NativeEntry::new("string", string),
    NativeEntry::new("values", values),
];

/// How much a collection or a text holds; `None` if it is undefined.
pub(super) fn length_of<'r>(at: At<'r>, value: Value<'r>) -> Outcome<Option<usize>> {
    match value {
        Value::Undefined => Ok(None),
        Value::Text(text) => Ok(Some(text.len())),
        Value::List(list) => Ok(Some(list.len())),
        Value::Map(map) => Ok(Some(map.len())),
        other => {
            let sentence = format!("a {} has no length", other.type_name());
            Err(failed(at, sentence))
        }
    }
}

fn length<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let length = length_of(call.at, value)?;
    Ok(length.map_or(Value::Undefined, |length| {
        Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
    }))
}

fn append<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [list, value] = call.exactly()?;
    let Value::List(list) = list else {
        let sentence = format!("`append` needs a list, not a {}", list.type_name());
        return Err(failed(call.at, sentence));
    };
    list.push(machine.arena, value);
    Ok(Value::Undefined)
}

fn delete<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [map, key] = call.exactly()?;
    let Value::Map(map) = map else {
        let sentence = format!("`delete` needs a map, not a {}", map.type_name());
        return Err(failed(call.at, sentence));
    };
    machine.charge(map.len() as u64 / 8)?;
    map.remove(machine.arena, key);
    Ok(Value::Undefined)
}

fn keys<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    entries(machine, call, |(key, _)| key)
}

fn values<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    entries(machine, call, |(_, value)| value)
}

fn entries<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    take: fn((Value<'r>, Value<'r>)) -> Value<'r>,
) -> Outcome<Value<'r>> {
    match call.exactly()? {
        [Value::Undefined] => Ok(Value::Undefined),
        [Value::Map(map)] => {
            machine.charge(map.len() as u64 / 8)?;
            let entries = map.entries(machine.arena).into_iter();
            Ok(Value::list(machine.arena, entries.map(take)))
        }
        [other] => {
            let sentence = format!("this needs a map, not a {}", other.type_name());
            Err(failed(call.at, sentence))
        }
    }
}

fn range<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let mut numbers = Vec::new();
    for argument in call.arguments {
        match argument {
            Value::Int(number) => numbers.push(*number),
            Value::Undefined => return Ok(Value::Undefined),
            other => {
                let sentence = format!("`range` needs whole numbers, not a {}", other.type_name());
                return Err(failed(call.at, sentence));
            }
        }
    }
    let (start, end, step) = match numbers.as_slice() {
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step] => (*start, *end, *step),
        _ => return Err(failed(call.at, "`range` takes one to three arguments")),
    };
    if step == 0 {
        return Err(failed(call.at, "`range` cannot step by zero"));
    }
    let mut found = Vec::new();
    let mut next = start;
    while if step > 0 { next < end } else { next > end } {
        if found.len() as u64 >= MAX_RANGE.unsigned_abs() {
            let sentence = format!("`range` makes at most {MAX_RANGE} numbers");
            return Err(failed(call.at, sentence));
        }
        found.push(Value::Int(next));
        match next.checked_add(step) {
            Some(after) => next = after,
            None => break,
        }
    }
    machine.charge(found.len() as u64 / 8)?;
    Ok(Value::list(machine.arena, found))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the language rounds a float down to a whole number; `as` saturates"
)]
fn int<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    Ok(match value {
        Value::Int(value) => Value::Int(value),
        Value::Float(value) if value.is_finite() => Value::Int(value.floor() as i64),
        Value::Bool(value) => Value::Int(i64::from(value)),
        Value::Text(text) => {
            let (negative, digits) = match text.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, text.strip_prefix('+').unwrap_or(text)),
            };
            match whole_number(digits) {
                Some(number) => Value::Int(if negative { -number } else { number }),
                None => Value::Undefined,
            }
        }
        _ => Value::Undefined,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the language takes the nearest float of a whole number"
)]
fn float<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    Ok(match value {
        Value::Float(value) => Value::Float(value),
        Value::Int(value) => Value::Float(value as f64),
        Value::Bool(value) => Value::Float(f64::from(u8::from(value))),
        Value::Text(text) => text.parse().map_or(Value::Undefined, Value::Float),
        _ => Value::Undefined,
    })
}

fn string<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    Ok(match value {
        Value::Text(_) => value,
        Value::Float(number) => Value::text(machine.arena, &format!("{number:.6}")),
        Value::Int(_) | Value::Bool(_) => Value::text(machine.arena, &shown(machine.arena, value)),
        _ => Value::Undefined,
    })
}

fn bool<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    Ok(match value {
        Value::Bool(value) => Value::Bool(value),
        Value::Int(value) => Value::Bool(value != 0),
        Value::Float(value) => Value::Bool(value != 0.0),
        Value::Text("1" | "t" | "T" | "TRUE" | "true" | "True") => Value::Bool(true),
        Value::Text("0" | "f" | "F" | "FALSE" | "false" | "False") => Value::Bool(false),
        _ => Value::Undefined,
    })
}

fn compare<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [left, right] = call.exactly()?;
    match order(left, right) {
        Order::Known(order) => Ok(Value::Int(order as i64)),
        Order::Unordered => Ok(Value::Undefined),
        Order::Different if left.is_undefined() || right.is_undefined() => Ok(Value::Undefined),
        Order::Different => {
            let sentence = format!(
                "a {} cannot be compared with a {}",
                left.type_name(),
                right.type_name()
            );
            Err(failed(call.at, sentence))
        }
    }
}

fn print<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    machine.context.print(sentence(machine, call))?;
    Ok(Value::Bool(true))
}

fn error<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let sentence = sentence(machine, call);
    machine.context.meter.write(sentence.len())?;
    let place = (std::sync::Arc::clone(&call.at.program.file), call.at.span);
    Err(Box::new(Fault::Halted(sentence, Some(place))))
}

fn sentence<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> String {
    let parts = call.arguments.iter();
    let parts: Vec<String> = parts.map(|part| shown(machine.arena, *part)).collect();
    parts.join(" ")
}

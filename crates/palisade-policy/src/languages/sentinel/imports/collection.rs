//! `collection`: helpers for lists and maps alike.

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::{Value, equal};
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("filter", filter),
    NativeEntry::new("find", find),
    NativeEntry::new("matches", matches),
    NativeEntry::new("reduce", reduce),
    NativeEntry::new("reject", reject),
];

/// Deepest nesting of a partial map.
const MAX_DEPTH: u32 = 64;

/// The elements with their keys or indices; `None` if the collection is undefined.
fn elements<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    items: Value<'r>,
) -> Outcome<Option<Vec<(Value<'r>, Value<'r>)>>> {
    match items {
        Value::Undefined => Ok(None),
        Value::List(list) => {
            let items = list.items(machine.arena).into_iter();
            Ok(Some((0..).map(Value::Int).zip(items).collect()))
        }
        Value::Map(map) => Ok(Some(map.entries(machine.arena))),
        other => Err(call.wrong("a list or a map", other)),
    }
}

/// Calls a function with an element, and with its key as well if it takes two.
fn ask<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    function: Value<'r>,
    (key, value): (Value<'r>, Value<'r>),
) -> Outcome<Value<'r>> {
    machine.charge(1)?;
    let both = matches!(function, Value::Function(closure) if closure.parameters() == 2);
    if both {
        machine.call_value(call.at, function, &[value, key])
    } else {
        machine.call_value(call.at, function, &[value])
    }
}

fn kept<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>, wanted: bool) -> Outcome<Value<'r>> {
    let [items, function] = call.exactly()?;
    let Some(elements) = elements(machine, call, items)? else {
        return Ok(Value::Undefined);
    };
    let _held = machine.hold(elements.len())?;
    let mut kept = Vec::new();
    for element in elements {
        match ask(machine, call, function, element)? {
            Value::Bool(answer) if answer == wanted => kept.push(element.1),
            Value::Bool(_) => {}
            Value::Undefined => return Ok(Value::Undefined),
            other => return Err(call.wrong("a function that returns a boolean", other)),
        }
    }
    Ok(Value::list(machine.arena, kept))
}

fn filter<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    kept(machine, call, true)
}

fn reject<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    kept(machine, call, false)
}

fn find<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [items, function] = call.exactly()?;
    let elements = elements(machine, call, items)?.unwrap_or_default();
    let _held = machine.hold(elements.len())?;
    for element in elements {
        if let Value::Bool(true) = ask(machine, call, function, element)? {
            return Ok(element.1);
        }
    }
    Ok(machine.undefined(call.at))
}

fn reduce<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let (items, function, first) = match call.arguments {
        [items, function] => (*items, *function, None),
        [items, function, first] => (*items, *function, Some(*first)),
        _ => return Err(failed(call.at, "`reduce` takes two or three arguments")),
    };
    let Some(elements) = elements(machine, call, items)? else {
        return Ok(Value::Undefined);
    };
    let _held = machine.hold(elements.len())?;
    let mut elements = elements.into_iter().map(|(_, value)| value);
    let mut reduced = match first {
        Some(first) => first,
        None => elements.next().unwrap_or(Value::Undefined),
    };
    for element in elements {
        machine.charge(1)?;
        reduced = machine.call_value(call.at, function, &[reduced, element])?;
    }
    Ok(reduced)
}

fn matches<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [items, partial] = call.exactly()?;
    let Some(elements) = elements(machine, call, items)? else {
        return Ok(Value::Undefined);
    };
    let mut found = Vec::new();
    for (_, element) in elements {
        if holds(machine, call, element, partial, 0)? {
            found.push(element);
        }
    }
    Ok(Value::list(machine.arena, found))
}

/// Whether a value holds everything that a partial one says.
fn holds<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    value: Value<'r>,
    partial: Value<'r>,
    depth: u32,
) -> Outcome<bool> {
    if depth > MAX_DEPTH {
        return Err(failed(call.at, "the partial map nests too deeply"));
    }
    machine.charge(1)?;
    match (value, partial) {
        (Value::Map(value), Value::Map(partial)) => {
            for (key, wanted) in partial.entries(machine.arena) {
                let Some(found) = value.get(machine.arena, key) else {
                    return Ok(false);
                };
                if !holds(machine, call, found, wanted, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (value, partial) => Ok(equal(machine, value, partial)? == Some(true)),
    }
}

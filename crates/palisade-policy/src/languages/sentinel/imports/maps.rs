//! `collection/maps`: values by paths such as `a.0.b` or `a.*.b`.

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::{Map, Value};
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("get", get),
    NativeEntry::new("has", has),
    NativeEntry::new("omit", omit),
    NativeEntry::new("pick", pick),
    NativeEntry::new("set", set),
    NativeEntry::new("unset", unset),
];

/// Longest path.
const MAX_STEPS: usize = 64;

fn path<'r>(call: &Call<'_, 'r>, value: Value<'r>) -> Outcome<Option<Vec<&'r str>>> {
    let text = match value {
        Value::Text(text) => text,
        Value::Undefined => return Ok(None),
        other => return Err(call.wrong("a path", other)),
    };
    let steps: Vec<&str> = text.split('.').collect();
    if steps.len() > MAX_STEPS {
        let sentence = format!("a path has at most {MAX_STEPS} steps");
        return Err(failed(call.at, sentence));
    }
    Ok(Some(steps))
}

/// The value at a path; `None` if there is none.
fn find<'r>(machine: &Machine<'r>, value: Value<'r>, steps: &[&str]) -> Outcome<Option<Value<'r>>> {
    machine.charge(1)?;
    let Some((step, rest)) = steps.split_first() else {
        return Ok(Some(value).filter(|value| !value.is_undefined()));
    };
    let next = match value {
        Value::Map(map) => map.get_text(machine.arena, step),
        Value::List(list) if *step == "*" => {
            let mut found = Vec::new();
            for item in list.items(machine.arena) {
                found.extend(find(machine, item, rest)?);
            }
            return Ok(Some(Value::list(machine.arena, found)));
        }
        Value::List(list) => step
            .parse()
            .ok()
            .and_then(|index| list.get(machine.arena, index)),
        _ => None,
    };
    match next {
        Some(next) => find(machine, next, rest),
        None => Ok(None),
    }
}

fn get<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let (object, at, default) = match call.arguments {
        [object, at] => (*object, *at, None),
        [object, at, default] => (*object, *at, Some(*default)),
        _ => return Err(failed(call.at, "`get` takes two or three arguments")),
    };
    let found = match path(call, at)? {
        Some(steps) => find(machine, object, &steps)?,
        None => None,
    };
    Ok(found
        .or(default)
        .unwrap_or_else(|| machine.undefined(call.at)))
}

fn has<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [object, at] = call.exactly()?;
    if object.is_undefined() {
        return Ok(Value::Undefined);
    }
    match path(call, at)? {
        Some(steps) => Ok(Value::Bool(find(machine, object, &steps)?.is_some())),
        None => Ok(Value::Undefined),
    }
}

/// What happens at the end of a path.
#[derive(Clone, Copy)]
enum Change<'r> {
    Set(Value<'r>),
    Remove,
}

/// A copy of a value, changed at a path.
fn changed<'r>(
    machine: &Machine<'r>,
    value: Value<'r>,
    (steps, change): (&[&str], Change<'r>),
) -> Outcome<Value<'r>> {
    machine.charge(1)?;
    let Some((step, rest)) = steps.split_first() else {
        return Ok(match change {
            Change::Set(wanted) => wanted,
            Change::Remove => value,
        });
    };
    match value {
        Value::List(list) => {
            machine.charge(list.len() as u64 / 8)?;
            let index = step.parse::<usize>().ok();
            let removes = rest.is_empty() && matches!(change, Change::Remove);
            let mut items = Vec::new();
            for (position, item) in list.items(machine.arena).into_iter().enumerate() {
                if *step != "*" && index != Some(position) {
                    items.push(item);
                } else if !removes {
                    items.push(changed(machine, item, (rest, change))?);
                }
            }
            Ok(Value::list(machine.arena, items))
        }
        Value::Map(map) => {
            let copy = copy(machine, map)?;
            let held = copy.get_text(machine.arena, step);
            match (held, change) {
                (_, Change::Remove) if rest.is_empty() => {
                    copy.remove(machine.arena, Value::Text(step));
                }
                (None, Change::Remove) => {}
                (held, _) => {
                    let inner = held.unwrap_or_else(|| Value::map(machine.arena, []));
                    let inner = changed(machine, inner, (rest, change))?;
                    copy.set(machine.arena, Value::text(machine.arena, step), inner);
                }
            }
            Ok(Value::Map(machine.arena.alloc(copy)))
        }
        other if matches!(change, Change::Remove) => Ok(other),
        _ => {
            let fresh = Value::map(machine.arena, []);
            changed(machine, fresh, (steps, change))
        }
    }
}

fn copy<'r>(machine: &Machine<'r>, map: &'r Map<'r>) -> Outcome<Map<'r>> {
    machine.charge(1 + map.len() as u64 / 8)?;
    let copy = Map::new(machine.arena);
    for (key, value) in map.entries(machine.arena) {
        copy.set(machine.arena, key, value);
    }
    Ok(copy)
}

fn set<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [object, at, value] = call.exactly()?;
    match path(call, at)? {
        Some(steps) => changed(machine, object, (&steps, Change::Set(value))),
        None => Ok(Value::Undefined),
    }
}

fn unset<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [object, at] = call.exactly()?;
    match path(call, at)? {
        Some(steps) => changed(machine, object, (&steps, Change::Remove)),
        None => Ok(Value::Undefined),
    }
}

fn paths<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    value: Value<'r>,
) -> Outcome<Option<Vec<Vec<&'r str>>>> {
    let Value::List(list) = value else {
        return Err(call.wrong("a list of paths", value));
    };
    let mut paths = Vec::new();
    for item in list.items(machine.arena) {
        match path(call, item)? {
            Some(steps) => paths.push(steps),
            None => return Ok(None),
        }
    }
    Ok(Some(paths))
}

fn omit<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [mut object, at] = call.exactly()?;
    let Some(paths) = paths(machine, call, at)? else {
        return Ok(Value::Undefined);
    };
    for steps in paths {
        object = changed(machine, object, (&steps, Change::Remove))?;
    }
    Ok(object)
}

fn pick<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [object, at] = call.exactly()?;
    let Some(paths) = paths(machine, call, at)? else {
        return Ok(Value::Undefined);
    };
    let Value::Map(_) = object else {
        return Err(call.wrong("a map", object));
    };
    let mut steps: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    steps.sort_unstable();
    let picked = picked(machine, object, &steps)?;
    Ok(picked.unwrap_or_else(|| Value::map(machine.arena, [])))
}

/// What of a value lies at some paths, in its own structure; `None` if nothing does.
fn picked<'r>(
    machine: &Machine<'r>,
    value: Value<'r>,
    paths: &[&[&str]],
) -> Outcome<Option<Value<'r>>> {
    machine.charge(1 + paths.len() as u64)?;
    if paths.iter().any(|path| path.is_empty()) {
        return Ok(Some(value));
    }
    // The rest of every path that begins with a key.
    let below = |key: &str| -> Vec<&[&str]> {
        let begins = paths.iter().filter_map(|path| path.split_first());
        begins
            .filter(|(step, _)| **step == key || **step == "*")
            .map(|(_, rest)| rest)
            .collect()
    };
    match value {
        Value::Map(map) => {
            let found = Map::new(machine.arena);
            for (key, item) in map.entries(machine.arena) {
                let Value::Text(name) = key else { continue };
                let rest = below(name);
                if rest.is_empty() {
                    continue;
                }
                if let Some(item) = picked(machine, item, &rest)? {
                    found.set(machine.arena, key, item);
                }
            }
            let kept = found.len() > 0;
            Ok(kept.then(|| Value::Map(machine.arena.alloc(found))))
        }
        Value::List(list) => {
            let mut found = Vec::new();
            for (index, item) in list.items(machine.arena).into_iter().enumerate() {
                let rest = below(&index.to_string());
                if rest.is_empty() {
                    continue;
                }
                found.extend(picked(machine, item, &rest)?);
            }
            Ok((!found.is_empty()).then(|| Value::list(machine.arena, found)))
        }
        _ => Ok(None),
    }
}

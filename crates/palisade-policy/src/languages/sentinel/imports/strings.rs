//! `strings`.

use super::super::evaluation::{Machine, Outcome};
use super::super::value::{Value, decimal_text};
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("has_prefix", |_, call| {
        test(call, |text, part| text.starts_with(part))
    }),
    NativeEntry::new("has_suffix", |_, call| {
        test(call, |text, part| text.ends_with(part))
    }),
    NativeEntry::new("trim_prefix", |_, call| {
        cut(call, |text, part| text.strip_prefix(part).unwrap_or(text))
    }),
    NativeEntry::new("trim_suffix", |_, call| {
        cut(call, |text, part| text.strip_suffix(part).unwrap_or(text))
    }),
    NativeEntry::new("trim", |_, call| {
        cut(call, |text, set| {
            text.trim_matches(|letter| set.contains(letter))
        })
    }),
    NativeEntry::new("trim_left", |_, call| {
        cut(call, |text, set| {
            text.trim_start_matches(|letter| set.contains(letter))
        })
    }),
    NativeEntry::new("trim_right", |_, call| {
        cut(call, |text, set| {
            text.trim_end_matches(|letter| set.contains(letter))
        })
    }),
    NativeEntry::new("trim_space", trim_space),
    NativeEntry::new("to_lower", |machine, call| {
        change(machine, call, str::to_lowercase)
    }),
    NativeEntry::new("to_upper", |machine, call| {
        change(machine, call, str::to_uppercase)
    }),
    NativeEntry::new("replace", replace),
    NativeEntry::new("split", split),
    NativeEntry::new("join", join),
];

/// Longest text that is made.
const MAX_BYTES: usize = 16 << 20;
/// Deepest nesting of lists that are joined.
const MAX_DEPTH: u32 = 32;

fn test<'r>(call: &Call<'_, 'r>, test: fn(&str, &str) -> bool) -> Outcome<Value<'r>> {
    let texts = call.texts()?;
    Ok(texts.map_or(Value::Undefined, |[text, part]| {
        Value::Bool(test(text, part))
    }))
}

fn cut<'r>(call: &Call<'_, 'r>, cut: for<'t> fn(&'t str, &str) -> &'t str) -> Outcome<Value<'r>> {
    let texts = call.texts()?;
    Ok(texts.map_or(Value::Undefined, |[text, part]| {
        Value::Text(cut(text, part))
    }))
}

fn trim_space<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let texts = call.texts()?;
    Ok(texts.map_or(Value::Undefined, |[text]| Value::Text(text.trim())))
}

fn change<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    change: fn(&str) -> String,
) -> Outcome<Value<'r>> {
    let Some([text]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    machine.charge(text.len() as u64 / 256)?;
    Ok(Value::text(machine.arena, &change(text)))
}

fn replace<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    // A fourth argument bounds how often.
    let (texts, limit) = match call.arguments {
        [text, old, new, Value::Int(limit)] => ([*text, *old, *new], *limit),
        _ => (call.exactly()?, -1),
    };
    let inner = Call {
        arguments: &texts,
        ..*call
    };
    let Some([text, old, new]) = inner.texts()? else {
        return Ok(Value::Undefined);
    };
    let worst = text.len().saturating_mul(new.len().max(1));
    if worst > MAX_BYTES && new.len() > old.len() {
        let sentence = format!("`replace` could make more than {MAX_BYTES} bytes");
        return Err(super::failed(call.at, sentence));
    }
    machine.charge(text.len() as u64 / 256)?;
    let replaced = match usize::try_from(limit) {
        Ok(limit) => text.replacen(old, new, limit),
        Err(_) => text.replace(old, new),
    };
    Ok(Value::text(machine.arena, &replaced))
}

fn split<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let arguments: [Value<'r>; 2] = call.exactly()?;
    if let [list @ Value::List(_), _] = arguments {
        return Ok(list);
    }
    let Some([text, separator]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    machine.charge(text.len() as u64 / 64)?;
    let parts: Vec<Value<'r>> = if separator.is_empty() {
        let ends = text
            .char_indices()
            .map(|(start, letter)| (start, start + letter.len_utf8()));
        ends.filter_map(|(start, end)| text.get(start..end))
            .map(Value::Text)
            .collect()
    } else {
        text.split(separator).map(Value::Text).collect()
    };
    Ok(Value::list(machine.arena, parts))
}

fn join<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [list, separator] = call.exactly()?;
    let separator = match separator {
        Value::Text(separator) => separator,
        Value::Undefined => return Ok(Value::Undefined),
        other => return Err(call.wrong("a string between the items", other)),
    };
    let mut parts = Vec::new();
    if list.is_undefined() || !gather(machine, call, list, 0, &mut parts)? {
        return Ok(Value::Undefined);
    }
    let length: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
    if length > MAX_BYTES {
        let sentence = format!("`join` would make more than {MAX_BYTES} bytes");
        return Err(super::failed(call.at, sentence));
    }
    machine.charge(length as u64 / 256)?;
    Ok(Value::text(machine.arena, &parts.join(separator)))
}

/// The texts of a list and of the lists in it; false if one is undefined.
fn gather<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    list: Value<'r>,
    depth: u32,
    parts: &mut Vec<String>,
) -> Outcome<bool> {
    let Value::List(list) = list else {
        return Err(call.wrong("a list", list));
    };
    if depth > MAX_DEPTH {
        return Err(super::failed(call.at, "the lists to join nest too deeply"));
    }
    machine.charge(1 + list.len() as u64 / 4)?;
    for index in 0..list.len() {
        let item = list.get(machine.arena, index).unwrap_or(Value::Undefined);
        parts.push(match item {
            Value::Undefined => return Ok(false),
            Value::Text(text) => text.to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Float(number) => decimal_text(number),
            inner @ Value::List(_) => {
                if !gather(machine, call, inner, depth + 1, parts)? {
                    return Ok(false);
                }
                continue;
            }
            other => return Err(call.wrong("strings, numbers and booleans", other)),
        });
    }
    Ok(true)
}

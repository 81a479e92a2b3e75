//! `json`.

use serde_json::Value as Json;

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::{Value, shown};
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("marshal", marshal),
    NativeEntry::new("unmarshal", unmarshal),
    NativeEntry::new("valid", valid),
];

/// Deepest nesting that is written.
const MAX_DEPTH: u32 = 64;

fn marshal<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let Some(json) = to_json(machine, call, value, 0)? else {
        return Ok(Value::Undefined);
    };
    let text = json.to_string();
    machine.charge(text.len() as u64 / 256)?;
    Ok(Value::text(machine.arena, &text))
}

/// The value in JSON; `None` for what JSON cannot say. Keys come in their order.
fn to_json<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    value: Value<'r>,
    depth: u32,
) -> Outcome<Option<Json>> {
    machine.charge(1)?;
    if depth > MAX_DEPTH {
        let sentence = format!("cannot write values that nest deeper than {MAX_DEPTH} levels");
        return Err(failed(call.at, sentence));
    }
    Ok(match value {
        Value::Null => Some(Json::Null),
        Value::Bool(value) => Some(Json::Bool(value)),
        Value::Int(value) => Some(Json::from(value)),
        Value::Float(value) => serde_json::Number::from_f64(value).map(Json::Number),
        Value::Text(text) => Some(Json::from(text)),
        Value::List(list) => {
            let mut items = Vec::new();
            for index in 0..list.len() {
                let Some(item) = list.get(machine.arena, index) else {
                    break;
                };
                items.extend(to_json(machine, call, item, depth + 1)?);
            }
            Some(Json::Array(items))
        }
        Value::Map(map) => {
            let mut entries = std::collections::BTreeMap::new();
            for index in 0..map.len() {
                let Some((key, item)) = map.entry(machine.arena, index) else {
                    break;
                };
                if let Some(item) = to_json(machine, call, item, depth + 1)? {
                    entries.insert(shown(machine.arena, key), item);
                }
            }
            Some(Json::Object(entries.into_iter().collect()))
        }
        _ => None,
    })
}

fn unmarshal<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([text]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    from_json(machine, text).map_err(|sentence| failed(call.at, sentence))
}

/// The value of a JSON text; the error is a sentence.
fn from_json<'r>(machine: &Machine<'r>, text: &str) -> Result<Value<'r>, String> {
    let charge = machine.charge(text.len() as u64 / 64);
    charge.map_err(|fault| fault.message())?;
    let parsed: Json =
        serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))?;
    Ok(owned(machine, &parsed))
}

fn owned<'r>(machine: &Machine<'r>, json: &Json) -> Value<'r> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::text(machine.arena, text),
        Json::Array(items) => {
            let items: Vec<Value<'r>> = items.iter().map(|item| owned(machine, item)).collect();
            Value::list(machine.arena, items)
        }
        Json::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, item)| (key.as_str(), owned(machine, item)));
            Value::map(machine.arena, entries)
        }
    }
}

fn valid<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([text]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    machine.charge(text.len() as u64 / 64)?;
    let parsed: Result<Json, _> = serde_json::from_str(text);
    Ok(Value::Bool(parsed.is_ok()))
}

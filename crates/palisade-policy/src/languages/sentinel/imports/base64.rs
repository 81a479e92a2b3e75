//! `base64`.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::Value;
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("encode", |machine, call| encode(machine, call, &STANDARD)),
    NativeEntry::new("decode", |machine, call| decode(machine, call, &STANDARD)),
    NativeEntry::new("urlencode", |machine, call| {
        encode(machine, call, &URL_SAFE)
    }),
    NativeEntry::new("urldecode", |machine, call| {
        decode(machine, call, &URL_SAFE)
    }),
];

fn encode<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    engine: &GeneralPurpose,
) -> Outcome<Value<'r>> {
    let Some([text]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    machine.charge(text.len() as u64 / 256)?;
    Ok(Value::text(machine.arena, &engine.encode(text)))
}

fn decode<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    engine: &GeneralPurpose,
) -> Outcome<Value<'r>> {
    let Some([text]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    machine.charge(text.len() as u64 / 256)?;
    let bytes = engine.decode(text).ok();
    let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(decoded) => Ok(Value::text(machine.arena, &decoded)),
        None => Err(failed(call.at, "this is no base64 of a text")),
    }
}

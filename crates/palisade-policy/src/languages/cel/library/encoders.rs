//! Base64, and keys of JSON pointers.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{text, value};

/// With padding when it writes, with or without when it reads.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("base64.encode", &[Type::Bytes], encode),
    Overload::global("base64.decode", &[Type::Text], decode),
];

pub(super) const KUBERNETES: &[Overload] = &[Overload::global(
    "jsonpatch.escapeKey",
    &[Type::Text],
    |m, a| m.new_text(&text(a, 0)?.replace('~', "~0").replace('/', "~1")),
)];

fn encode<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Bytes(bytes) => machine.new_text(&BASE64.encode(bytes)),
        _ => Err(Fault::no_overload()),
    }
}

fn decode<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let bytes = BASE64
        .decode(text(arguments, 0)?)
        .map_err(|_| Fault::new("the text is not base64"))?;
    machine.context.charge(1 + bytes.len() as u64 / 1024)?;
    Ok(Val::Bytes(machine.context.arena.alloc_slice_copy(&bytes)))
}

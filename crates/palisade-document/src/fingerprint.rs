//! A stable digest of a value's content, so that a change can be told from a move.

use crate::tree::{Kind, Value};

/// A 64-bit content digest: equal content gives equal digests, whatever the order of keys, the
/// comments or the place. It tells change from no change; it is no proof against an adversary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// The digest of a value.
pub fn fingerprint(value: Value<'_>) -> Fingerprint {
    Fingerprint(digest(value))
}

/// The digest of a text as it is.
pub fn text_fingerprint(text: &str) -> Fingerprint {
    Fingerprint(mix(BASIS, text.as_bytes()))
}

/// FNV-1a, 64 bits (offset basis and prime as published by its authors).
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

fn mix(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

fn digest(value: Value<'_>) -> u64 {
    match value.kind() {
        Kind::Null => mix(BASIS, b"n"),
        Kind::Bool(value) => mix(BASIS, if value { b"t" } else { b"f" }),
        Kind::Int(value) => mix(mix(BASIS, b"i"), &value.to_le_bytes()),
        Kind::Float(value) => mix(mix(BASIS, b"d"), &value.to_bits().to_le_bytes()),
        Kind::String(value) => mix(mix(BASIS, b"s"), value.as_bytes()),
        Kind::Array => value.items().fold(mix(BASIS, b"a"), |state, item| {
            mix(state, &digest(item).to_le_bytes())
        }),
        Kind::Object => value.entries().fold(mix(BASIS, b"o"), |state, entry| {
            // Addition makes the order of keys irrelevant.
            let pair = mix(
                mix(BASIS, entry.key.as_bytes()),
                &digest(entry.value).to_le_bytes(),
            );
            state.wrapping_add(pair)
        }),
    }
}

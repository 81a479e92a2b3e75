//! Texts as base64, hexadecimal and parts of addresses.

use std::sync::LazyLock;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXLOWER_PERMISSIVE};

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bounds::{Growing, check_bytes};
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("base64.encode", 1, |arguments, _| {
        encoded("base64.encode", &BASE64, arguments)
    }),
    Builtin::new("base64url.encode", 1, |arguments, _| {
        encoded("base64url.encode", &BASE64URL, arguments)
    }),
    Builtin::new("base64url.encode_no_pad", 1, |arguments, _| {
        encoded("base64url.encode_no_pad", &BASE64URL_NOPAD, arguments)
    }),
    Builtin::new("hex.encode", 1, |arguments, _| {
        encoded("hex.encode", &HEXLOWER, arguments)
    }),
    Builtin::new("base64.decode", 1, |arguments, _| {
        let text = text_argument(arguments, 0)?;
        decoded(&STANDARD, text).map(text_of)
    }),
    Builtin::new("base64.is_valid", 1, |arguments, _| {
        let text = argument(arguments, 0)?.as_text();
        let is_valid = text.is_some_and(|text| decoded(&STANDARD, text).is_ok());
        Ok(Term::Bool(is_valid))
    }),
    Builtin::new("base64url.decode", 1, decode_url),
    Builtin::new("hex.decode", 1, |arguments, _| {
        let text = text_argument(arguments, 0)?;
        decoded(&HEXLOWER_PERMISSIVE, text).map(text_of)
    }),
    Builtin::new("urlquery.encode", 1, |arguments, _| {
        let mut made = Growing::new("urlquery.encode");
        push_escaped(&mut made, text_argument(arguments, 0)?)?;
        Ok(made.into_term())
    }),
    Builtin::new("urlquery.decode", 1, |arguments, _| {
        unescaped(text_argument(arguments, 0)?).map(Term::Text)
    }),
    Builtin::new("urlquery.encode_object", 1, encode_object),
    Builtin::new("urlquery.decode_object", 1, decode_object),
];

/// base64 in which line ends are no letters, and whose last letter may carry bits that say nothing.
static STANDARD: LazyLock<Encoding> = LazyLock::new(|| lenient(&BASE64));
static URL: LazyLock<Encoding> = LazyLock::new(|| lenient(&BASE64URL));

fn lenient(encoding: &Encoding) -> Encoding {
    let mut specification = encoding.specification();
    specification.check_trailing_bits = false;
    specification.ignore.push_str("\r\n");
    specification
        .encoding()
        .unwrap_or_else(|_| encoding.clone())
}

fn encoded(builtin: &str, encoding: &Encoding, arguments: &[Term]) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    check_bytes(builtin, encoding.encode_len(text.len()))?;
    Ok(Term::Text(encoding.encode(text.as_bytes())))
}

fn decoded(encoding: &Encoding, text: &str) -> Result<Vec<u8>, Fault> {
    encoding
        .decode(text.as_bytes())
        .map_err(|error| Fault::undefined(format!("illegal data: {error}")))
}

/// Bytes as a text; those that are none stand as the mark for such.
fn text_of(bytes: Vec<u8>) -> Term {
    Term::Text(String::from_utf8(bytes).unwrap_or_else(|error| lossy(error.as_bytes())))
}

/// Go shows each wrong byte as a mark of its own.
fn lossy(bytes: &[u8]) -> String {
    let mut made = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        made.push_str(chunk.valid());
        made.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    made
}

/// Padded or not: a text without padding gets what is missing.
fn decode_url(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    let padding = match text.len() % 4 {
        _ if text.ends_with('=') => "",
        2 => "==",
        3 => "=",
        _ => "",
    };
    decoded(&URL, &format!("{text}{padding}")).map(text_of)
}

fn push_escaped(made: &mut Growing<'_>, text: &str) -> Result<(), Fault> {
    for byte in text.bytes() {
        match byte {
            b' ' => made.push("+")?,
            b'-' | b'_' | b'.' | b'~' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                made.push_letter(char::from(byte))?;
            }
            byte => made.push(&format!("%{byte:02X}"))?,
        }
    }
    Ok(())
}

fn unescaped(text: &str) -> Result<String, Fault> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [] => break,
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let half = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                let byte = u8::try_from(half(*high) * 16 + half(*low)).unwrap_or(0);
                made.push(byte);
                rest = after;
            }
            [b'%', ..] => {
                return Err(Fault::undefined(format!("invalid URL escape in {text:?}")));
            }
            [b'+', after @ ..] => {
                made.push(b' ');
                rest = after;
            }
            [byte, after @ ..] => {
                made.push(*byte);
                rest = after;
            }
        }
    }
    Ok(String::from_utf8(made).unwrap_or_else(|error| lossy(error.as_bytes())))
}

fn encode_object(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let found = argument(arguments, 0)?;
    let Term::Object(entries) = found else {
        return Err(wrong_type(0, "object", found));
    };
    let wrong = |found: &Term| wrong_type(0, "an object of texts", found);
    let mut made = Growing::new("urlquery.encode_object");
    let mut is_first = true;
    for (key, value) in entries {
        let key = key.as_text().ok_or_else(|| wrong(key))?;
        let values = match value {
            Term::Array(items) | Term::Set(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let value = value.as_text().ok_or_else(|| wrong(value))?;
            if !std::mem::take(&mut is_first) {
                made.push("&")?;
            }
            push_escaped(&mut made, key)?;
            made.push("=")?;
            push_escaped(&mut made, value)?;
        }
    }
    Ok(made.into_term())
}

fn decode_object(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut found: std::collections::BTreeMap<String, Vec<Term>> =
        std::collections::BTreeMap::new();
    for part in text_argument(arguments, 0)?.split('&') {
        if part.contains(';') {
            return Err(Fault::undefined("invalid semicolon separator in query"));
        }
        if part.is_empty() {
            continue;
        }
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let values = found.entry(unescaped(key)?).or_default();
        values.push(Term::Text(unescaped(value)?));
    }
    let found = found.into_iter();
    Ok(Term::object(
        found.map(|(key, values)| (key, Term::Array(values))),
    ))
}

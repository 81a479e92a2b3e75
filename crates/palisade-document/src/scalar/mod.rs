//! What a scalar says. Kubernetes' own tools read YAML by the table of `goyaml.v2`: words of YAML
//! 1.1 (`y`, `on`), underscores in numbers, and tags that give even a quoted text another reading.
//! Files of others follow the core schema of YAML 1.2.

use crate::tree::Payload;

/// By which table scalars are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// As `kubectl` reads them.
    Kubernetes,
    /// The core schema of YAML 1.2.
    Core,
}

/// What an explicit tag asks a scalar to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// One that says nothing about the reading (`!Ref`): the scalar is a text.
    Unknown,
    /// `!!str`, `!!timestamp`, or the bare `!`.
    Text,
    /// `!!binary`: a text in base64.
    Binary,
    /// `!!bool`.
    Bool,
    /// `!!int`.
    Int,
    /// `!!float`: whole numbers are floats too.
    Float,
    /// `!!null`.
    Null,
    /// `!!merge`.
    Merge,
}

impl Tag {
    /// Reads the full name of a tag.
    pub(crate) fn of(name: &str) -> Self {
        match name.strip_prefix("tag:yaml.org,2002:").unwrap_or(name) {
            "str" | "timestamp" | "!" => Self::Text,
            "binary" => Self::Binary,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "null" => Self::Null,
            "merge" => Self::Merge,
            _ => Self::Unknown,
        }
    }
}

/// What a scalar is.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    /// The text as it stands.
    Text,
    /// A text that is written in base64.
    Decoded(String),
    /// Something else.
    Is(Payload),
}

/// Reads a scalar, plain or not; an error is one sentence.
pub(crate) fn read(
    text: &str,
    is_plain: bool,
    tag: Option<Tag>,
    schema: Schema,
) -> Result<Scalar, String> {
    let found = match tag {
        Some(Tag::Unknown | Tag::Text | Tag::Merge) => None,
        Some(Tag::Binary) => {
            let decoded =
                base64(text).ok_or("`!!binary` stands before a text that is no base64")?;
            return Ok(Scalar::Decoded(decoded));
        }
        None if !is_plain => None,
        _ => resolve(text, schema),
    };
    let found = match (tag, found) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a float holds what a float can hold"
        )]
        (Some(Tag::Float), Some(Payload::Int(value))) => Some(Payload::Float(value as f64)),
        (Some(Tag::Bool), found) => Some(fits(found, "bool", |found| {
            matches!(found, Payload::Bool(_))
        })?),
        (Some(Tag::Int), found) => Some(fits(found, "int", |found| {
            matches!(found, Payload::Int(_)) || is_whole(found)
        })?),
        (Some(Tag::Float), found) => Some(fits(found, "float", |found| {
            matches!(found, Payload::Float(_))
        })?),
        (Some(Tag::Null), found) => {
            Some(fits(found, "null", |found| matches!(found, Payload::Null))?)
        }
        (_, found) => found,
    };
    match found {
        Some(Payload::Float(value)) if !value.is_finite() => {
            Err(format!("`{}` is a number that nothing holds", short(text)))
        }
        Some(found) => Ok(Scalar::Is(found)),
        None => Ok(Scalar::Text),
    }
}

/// The key that a scalar which is no text becomes, as JSON has only texts for keys; `None` where it
/// stays what is written.
pub(crate) fn key(payload: Payload) -> Option<String> {
    match payload {
        Payload::Bool(value) => Some(value.to_string()),
        Payload::Int(value) => Some(value.to_string()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "keys are written as single-precision numbers"
        )]
        Payload::Float(value) => Some(float_key(value as f32)),
        _ => None,
    }
}

/// The shortest text of a number, with an exponent where it is large or small.
fn float_key(value: f32) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-4..1e6).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

fn fits(
    found: Option<Payload>,
    name: &str,
    is_one: impl Fn(Payload) -> bool,
) -> Result<Payload, String> {
    found
        .filter(|found| is_one(*found))
        .ok_or_else(|| format!("`!!{name}` stands before something else"))
}

/// Whether a float stands for a whole number that is too large to be kept as one.
fn is_whole(found: Payload) -> bool {
    matches!(found, Payload::Float(value) if value.abs() >= 9e18)
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

fn resolve(text: &str, schema: Schema) -> Option<Payload> {
    if let Some(word) = word(text, schema) {
        return Some(word);
    }
    match (text.as_bytes().first()?, schema) {
        (b'0'..=b'9' | b'-' | b'+', Schema::Kubernetes) if text.contains('_') => {
            number(&text.replace('_', ""))
        }
        (b'0'..=b'9' | b'-' | b'+', Schema::Kubernetes) => number(text),
        (b'.', Schema::Kubernetes) => {
            decimal(&without_separators(text)?).filter(|found| is_finite(*found))
        }
        (b'0'..=b'9' | b'-' | b'+' | b'.', Schema::Core) => core_number(text),
        _ => None,
    }
}

fn word(text: &str, schema: Schema) -> Option<Payload> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Payload::Null),
        "true" | "True" | "TRUE" => return Some(Payload::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Payload::Bool(false)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Some(Payload::Float(f64::INFINITY));
        }
        "-.inf" | "-.Inf" | "-.INF" => return Some(Payload::Float(f64::NEG_INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return Some(Payload::Float(f64::NAN)),
        _ => {}
    }
    match text {
        _ if schema == Schema::Core => None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Payload::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Payload::Bool(false)),
        _ => None,
    }
}

/// A number whose underscores are gone. A float that is too large stays a text; a whole number is
/// one whatever its size.
fn number(text: &str) -> Option<Payload> {
    let (negative, digits) = signed(text);
    let prefixed = |prefix: &str| digits.strip_prefix(prefix).filter(|body| !body.is_empty());
    let (radix, body) = if let Some(body) = prefixed("0x").or_else(|| prefixed("0X")) {
        (16, body)
    } else if let Some(body) = prefixed("0o").or_else(|| prefixed("0O")) {
        (8, body)
    } else if let Some(body) = prefixed("0b").or_else(|| prefixed("0B")) {
        (2, body)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, digits)
    } else {
        (10, digits)
    };
    whole(negative, radix, body)
        .filter(|found| matches!(found, Payload::Int(_)))
        .or_else(|| decimal(text).filter(|found| is_finite(*found)))
        .or_else(|| whole(negative, radix, body))
}

/// A number of the core schema: no binary numbers, and a leading zero says nothing.
fn core_number(text: &str) -> Option<Payload> {
    let unsigned = |prefix, radix| whole(false, radix, text.strip_prefix(prefix)?);
    let (negative, digits) = signed(text);
    unsigned("0x", 16)
        .or_else(|| unsigned("0o", 8))
        .or_else(|| whole(negative, 10, digits))
        .or_else(|| decimal(text))
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A whole number, as a float where it does not fit 64 bits.
fn whole(negative: bool, radix: u32, body: &str) -> Option<Payload> {
    let digits: Option<Vec<u32>> = body.chars().map(|one| one.to_digit(radix)).collect();
    let digits = digits.filter(|digits| !digits.is_empty())?;
    let exact = digits.iter().try_fold(0_i128, |value, digit| {
        let value = value.checked_mul(i128::from(radix))?;
        value.checked_add(i128::from(*digit))
    });
    let signed = exact.map(|value| if negative { -value } else { value });
    if let Some(value) = signed.and_then(|value| i64::try_from(value).ok()) {
        return Some(Payload::Int(value));
    }
    let base = f64::from(radix);
    let value = digits
        .iter()
        .fold(0.0, |value, digit| value * base + f64::from(*digit));
    Some(Payload::Float(if negative { -value } else { value }))
}

fn is_finite(found: Payload) -> bool {
    matches!(found, Payload::Float(value) if value.is_finite())
}

/// Digits with at most one point, at least one digit, and an optional exponent.
fn decimal(text: &str) -> Option<Payload> {
    let (_, unsigned) = signed(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let fits = all_digits(whole)
        && all_digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent_fits;
    fits.then(|| text.parse().ok().map(Payload::Float))?
}

/// A number without the underscores between its digits; `None` where one stands elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let between = |(at, _): (usize, &str)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    text.match_indices('_')
        .all(between)
        .then(|| text.replace('_', ""))
}

/// The text that base64 stands for; line breaks in it say nothing.
fn base64(text: &str) -> Option<String> {
    let written: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let mut bytes = Vec::with_capacity(written.len() / 4 * 3);
    let mut groups = written.chunks(4).peekable();
    while let Some(group) = groups.next() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        let is_last = groups.peek().is_none();
        if group.len() != 4 || padding > 2 || (padding > 0 && !is_last) {
            return None;
        }
        let digits = group.get(..4 - padding)?.iter().map(|byte| six_bits(*byte));
        let digits: Vec<u32> = digits.collect::<Option<_>>()?;
        let all = digits.iter().fold(0, |all, digit| all << 6 | digit) << (6 * padding);
        bytes.extend(all.to_be_bytes().get(1..4 - padding)?);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn six_bits(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests;

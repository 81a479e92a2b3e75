//! What a plain scalar says: the YAML 1.1 readings that Kubernetes' own parser applies, which
//! include the YAML 1.2 core schema.

use crate::tree::Payload;

/// What an explicit tag asks a scalar to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// No tag, or one that says nothing about the reading (`!Ref`).
    Unknown,
    /// `!!str`, `!!binary`, or the bare `!`.
    Text,
    /// `!!float`: whole numbers are floats too.
    Float,
}

impl Tag {
    /// Reads the full name of a tag.
    pub(crate) fn of(name: &str) -> Self {
        match name.strip_prefix("tag:yaml.org,2002:").unwrap_or(name) {
            "str" | "binary" | "!" => Self::Text,
            "float" => Self::Float,
            _ => Self::Unknown,
        }
    }
}

/// Reads an untagged or tagged plain scalar; `None` for a text.
pub(crate) fn plain(text: &str, tag: Tag) -> Option<Payload> {
    match (tag, resolve(text)?) {
        (Tag::Text, _) => None,
        #[expect(
            clippy::cast_precision_loss,
            reason = "a float holds what a float can hold"
        )]
        (Tag::Float, Payload::Int(value)) => Some(Payload::Float(value as f64)),
        (_, payload) => Some(payload),
    }
}

fn resolve(text: &str) -> Option<Payload> {
    let number = match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => number(text),
        _ => None,
    };
    number.or_else(|| word(text))
}

fn word(text: &str) -> Option<Payload> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Payload::Null),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            Some(Payload::Bool(true))
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Some(Payload::Bool(false))
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<Payload> {
    integer(text).map(Payload::Int).or_else(|| float(text))
}

/// `12`, `-0x1f`, `0o17`, `017` and `0b1`, as far as they fit 64 bits.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    let prefixed = |prefix: &str| digits.strip_prefix(prefix);
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
    // The standard parser would take a second sign.
    if !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(body, radix).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

fn float(text: &str) -> Option<Payload> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => f64::NEG_INFINITY,
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => f64::NAN,
        _ if is_decimal(unsigned) => text.parse().ok()?,
        _ => return None,
    };
    Some(Payload::Float(value))
}

/// Digits with at most one point, at least one digit, and an optional exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    all_digits(whole) && all_digits(fraction) && whole.len() + fraction.len() > 0 && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::{Tag, plain};
    use crate::tree::Payload;

    fn shown(text: &str) -> String {
        match plain(text, Tag::Unknown) {
            None => format!("text {text}"),
            Some(Payload::Null) => "null".to_owned(),
            Some(Payload::Bool(value)) => format!("bool {value}"),
            Some(Payload::Int(value)) => format!("int {value}"),
            Some(Payload::Float(value)) => format!("float {value}"),
            Some(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn whole_numbers_are_read_in_every_base() {
        let cases = [
            ("0", "int 0"),
            ("-12", "int -12"),
            ("+7", "int 7"),
            ("0x1F", "int 31"),
            ("-0x10", "int -16"),
            ("0o17", "int 15"),
            ("0755", "int 493"),
            ("0b101", "int 5"),
            ("9223372036854775807", "int 9223372036854775807"),
            ("-9223372036854775808", "int -9223372036854775808"),
            ("9223372036854775808", "float 9223372036854776000"),
            ("089", "float 89"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "`{text}`");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_stays_text() {
        let texts = [
            "1_000",
            "12:30",
            "1.2.3",
            "-",
            "+",
            ".",
            "--1",
            "-+1",
            "0x",
            "1e",
            "e3",
            "10Gi",
            "2024-01-01",
            "0x-1",
            "y",
            "n",
            "tRue",
            "nUll",
            "inf",
            "nan",
            "+.nan",
        ];
        for text in texts {
            assert_eq!(shown(text), format!("text {text}"));
        }
    }

    #[test]
    fn floats_and_words() {
        let cases = [
            ("1.5", "float 1.5"),
            ("1.", "float 1"),
            (".5", "float 0.5"),
            ("1e3", "float 1000"),
            ("-2.5E-1", "float -0.25"),
            (".inf", "float inf"),
            ("-.INF", "float -inf"),
            (".NaN", "float NaN"),
            ("~", "null"),
            ("", "null"),
            ("NULL", "null"),
            ("Yes", "bool true"),
            ("off", "bool false"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "`{text}`");
        }
    }
}

//! Numbers: from texts, from quantities with units, and their bits.

use bigdecimal::num_bigint::BigInt;

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::decimal::{Decimal, DecimalError, whole, whole_argument};
use super::{Builtin, argument, int_argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("to_number", 1, to_number),
    Builtin::new("units.parse", 1, |arguments, _| {
        units(arguments, Kind::Number)
    }),
    Builtin::new("units.parse_bytes", 1, |arguments, _| {
        units(arguments, Kind::Bytes)
    }),
    Builtin::new("bits.and", 2, |arguments, _| {
        both("bits.and", arguments, |left, right| left & right)
    }),
    Builtin::new("bits.or", 2, |arguments, _| {
        both("bits.or", arguments, |left, right| left | right)
    }),
    Builtin::new("bits.xor", 2, |arguments, _| {
        both("bits.xor", arguments, |left, right| left ^ right)
    }),
    Builtin::new("bits.negate", 1, |arguments, _| {
        whole("bits.negate", &!whole_argument(arguments, 0)?)
    }),
    Builtin::new("bits.lsh", 2, |arguments, _| {
        let (value, places) = shifted(arguments)?;
        match u32::try_from(places) {
            Ok(places) if places <= MAX_SHIFT => whole("bits.lsh", &(value << places)),
            _ => Err(Fault::halt(format!(
                "a number shifted by more than {MAX_SHIFT} places"
            ))),
        }
    }),
    Builtin::new("bits.rsh", 2, |arguments, _| {
        let (value, places) = shifted(arguments)?;
        whole("bits.rsh", &(value >> places))
    }),
    Builtin::new("format_int", 2, format_int),
];

/// Most places that a number is shifted by.
const MAX_SHIFT: u32 = 4096;
/// Longest quantity, in bytes.
const MAX_QUANTITY: usize = 10_000;
/// Most digits of a quantity's exponent, zeros counted.
const MAX_EXPONENT_DIGITS: usize = 6;
/// Digits that a quantity keeps behind the point.
const PLACES: i64 = 10;

fn to_number(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let text = match argument(arguments, 0)? {
        Term::Null | Term::Bool(false) => return Ok(Term::int(0)),
        Term::Bool(true) => return Ok(Term::int(1)),
        number @ Term::Number(_) => return Ok(number.clone()),
        Term::Text(text) => text,
        other => {
            return Err(wrong_type(
                0,
                "one of {null, boolean, number, string}",
                other,
            ));
        }
    };
    let wrong = || Fault::undefined(format!("to_number: parsing {text:?}: invalid syntax"));
    let mut plain = String::with_capacity(text.len());
    let mut before = '_';
    for letter in text.chars() {
        // A line under stands between two digits only.
        if letter == '_' && !before.is_ascii_digit()
            || before == '_' && !plain.is_empty() && !letter.is_ascii_digit()
        {
            return Err(wrong());
        }
        if letter != '_' {
            plain.push(letter);
        }
        before = letter;
    }
    if text.ends_with('_') {
        return Err(wrong());
    }
    let decimal = Decimal::parse(&plain).map_err(|_| wrong())?;
    let value: f64 = plain.parse().unwrap_or(f64::INFINITY);
    if !value.is_finite() {
        return Err(Fault::undefined(format!(
            "to_number: parsing {text:?}: value out of range"
        )));
    }
    decimal.number("to_number")
}

/// What a quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Bytes,
}

impl Kind {
    fn builtin(self) -> &'static str {
        match self {
            Self::Number => "units.parse",
            Self::Bytes => "units.parse_bytes",
        }
    }

    /// What a unit stands for: a base, and how often it multiplies.
    fn unit(self, unit: &str) -> Option<(u32, u32)> {
        let lower = unit.to_ascii_lowercase();
        let name = match self {
            Self::Number => lower.as_str(),
            // `k`, `kb`, `ki` and `kib` alike, but never `b` alone.
            Self::Bytes => match lower.strip_suffix('b') {
                Some("") => return None,
                Some(name) => name,
                None => &lower,
            },
        };
        if name.is_empty() {
            return Some((1, 0));
        }
        let (letter, base) = match name.strip_suffix('i') {
            Some(letter) => (letter, 1024),
            None => (name, 1000),
        };
        let powers = ["k", "m", "g", "t", "p", "e"];
        let power = (1..).zip(powers).find(|(_, known)| *known == letter)?.0;
        Some((base, power))
    }
}

/// The number and the unit of a quantity.
fn split(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' | b'.' | b'+' | b'-' => at += 1,
            // An exponent and not the unit `E`.
            b'e' | b'E'
                if at > 0
                    && (is_digit(at + 1) || matches!(bytes.get(at + 1), Some(b'+' | b'-'))) =>
            {
                at += 1;
            }
            _ => break,
        }
    }
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn units(arguments: &[Term], kind: Kind) -> Result<Term, Fault> {
    let builtin = kind.builtin();
    let wrong = |message: &str| Fault::undefined(format!("{builtin}: {message}"));
    let text = text_argument(arguments, 0)?.replace('"', "");
    if text.contains(' ') {
        return Err(wrong("spaces not allowed in resource strings"));
    }
    if text.len() > MAX_QUANTITY {
        return Err(Fault::halt(format!(
            "`{builtin}` is given a quantity longer than {MAX_QUANTITY} bytes"
        )));
    }
    let (amount, unit) = split(&text);
    if amount.is_empty() {
        return Err(wrong("no amount provided"));
    }
    let power = amount.split_once(['e', 'E']).map_or("", |(_, power)| power);
    if power.trim_start_matches(['+', '-']).len() > MAX_EXPONENT_DIGITS {
        return Err(wrong("exponent too large"));
    }
    let amount = Decimal::parse(amount).map_err(|error| match error {
        DecimalError::NoNumber => wrong("could not parse amount to a number"),
        DecimalError::Exponent => wrong("exponent too large"),
    })?;
    // A small `m` is a thousandth, where it does not count bytes.
    let is_milli = kind == Kind::Number && unit == "m";
    let (base, times) = if is_milli {
        (1, 0)
    } else {
        kind.unit(unit)
            .ok_or_else(|| wrong(&format!("unit {unit} not recognized")))?
    };
    let digits: BigInt = amount.digits.parse().unwrap_or_default();
    let digits = (digits * BigInt::from(base).pow(times)).to_string();
    let exponent = amount.exponent - if is_milli { 3 } else { 0 };
    let value = Decimal::of_digits(amount.negative, &digits, exponent);
    let places = if kind == Kind::Bytes { 0 } else { PLACES };
    rounded(&value, places, kind).number(builtin)
}

/// A number with so many digits behind the point: half away from zero, or cut where bytes are counted.
fn rounded(value: &Decimal, places: i64, kind: Kind) -> Decimal {
    let surplus = -value.exponent - places;
    let Ok(surplus) = usize::try_from(surplus) else {
        return value.clone();
    };
    let kept = value.digits.len().checked_sub(surplus);
    let Some((head, tail)) = kept.and_then(|kept| value.digits.split_at_checked(kept)) else {
        return Decimal::of_digits(false, "", 0);
    };
    let mut head: BigInt = head.parse().unwrap_or_default();
    if kind == Kind::Number && tail.starts_with(['5', '6', '7', '8', '9']) {
        head += 1;
    }
    Decimal::of_digits(value.negative, &head.to_string(), -places)
}

fn both(
    builtin: &str,
    arguments: &[Term],
    join: fn(BigInt, BigInt) -> BigInt,
) -> Result<Term, Fault> {
    let (left, right) = (whole_argument(arguments, 0)?, whole_argument(arguments, 1)?);
    whole(builtin, &join(left, right))
}

/// A number and how many places it is shifted by.
fn shifted(arguments: &[Term]) -> Result<(BigInt, u64), Fault> {
    let value = whole_argument(arguments, 0)?;
    if let Term::Number(Number::Big(_)) = argument(arguments, 1)? {
        return Err(Fault::halt("a number of places beyond 64 bits"));
    }
    let places = whole_argument(arguments, 1)?;
    u64::try_from(places)
        .map(|places| (value, places))
        .map_err(|_| {
            Fault::undefined(
                "operand 2 must be an unsigned integer number but got a negative integer",
            )
        })
}

/// A number's whole part in a base of two, eight, ten or sixteen.
fn format_int(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let value = match argument(arguments, 0)? {
        Term::Number(Number::Float(value)) => {
            let text = format!("{:.0}", value.trunc());
            text.parse()
                .map_err(|_| Fault::undefined("operand 1 must be a number"))?
        }
        _ => whole_argument(arguments, 0)?,
    };
    let base = match int_argument(arguments, 1)? {
        2 => 2,
        8 => 8,
        10 => 10,
        16 => 16,
        _ => {
            return Err(Fault::undefined("operand 2 must be one of {2, 8, 10, 16}"));
        }
    };
    Ok(Term::Text(value.to_str_radix(base)))
}

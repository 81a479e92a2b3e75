//! Numbers as digits say them, exactly and within bounds.

use bigdecimal::num_bigint::BigInt;

use super::super::term::{Number, Term};
use super::super::world::Fault;
use super::bounds::{MAX_DIGITS, too_many_digits};
use super::{argument, wrong_type};

/// Most digits of an exponent.
const MAX_EXPONENT_DIGITS: usize = 6;

/// A number: its digits times a power of ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// Without zeros before or after; empty for zero.
    pub(super) digits: String,
    pub(super) exponent: i64,
}

/// Why a text is no decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecimalError {
    NoNumber,
    /// The exponent has too many digits.
    Exponent,
}

impl Decimal {
    /// Reads a sign, digits with or without a point, and an exponent.
    pub(super) fn parse(text: &str) -> Result<Self, DecimalError> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let negative = text.starts_with('-');
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, exponent(power)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalError::NoNumber);
        }
        let places = i64::try_from(fraction.len()).map_err(|_| DecimalError::NoNumber)?;
        Ok(Self::of_digits(
            negative,
            &format!("{whole}{fraction}"),
            power - places,
        ))
    }

    pub(super) fn of_digits(negative: bool, digits: &str, exponent: i64) -> Self {
        let digits = digits.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        let cut = i64::try_from(digits.len() - kept.len()).unwrap_or(0);
        Self {
            negative: negative && !kept.is_empty(),
            digits: kept.to_owned(),
            exponent: if kept.is_empty() { 0 } else { exponent + cut },
        }
    }

    /// How many digits stand before the point.
    pub(super) fn whole_digits(&self) -> i64 {
        i64::try_from(self.digits.len())
            .unwrap_or(i64::MAX)
            .saturating_add(self.exponent)
    }

    /// The number, exact where it is whole and else the nearest fraction.
    pub(super) fn number(&self, builtin: &str) -> Result<Term, Fault> {
        let most = i64::try_from(MAX_DIGITS).unwrap_or(i64::MAX);
        if self.whole_digits() > most {
            return Err(too_many_digits(builtin));
        }
        let sign = if self.negative { "-" } else { "" };
        if let Ok(zeros) = usize::try_from(self.exponent) {
            let digits = if self.digits.is_empty() {
                "0"
            } else {
                &self.digits
            };
            let text = format!("{sign}{digits}{}", "0".repeat(zeros));
            return Ok(Term::Number(Number::parse(&text)));
        }
        let text = format!("{sign}{}e{}", self.digits, self.exponent);
        let value: f64 = text.parse().unwrap_or(f64::NAN);
        if !value.is_finite() {
            return Err(Fault::halt(format!(
                "`{builtin}` makes a fraction that is beyond what numbers hold"
            )));
        }
        Ok(Term::Number(Number::Float(value + 0.0)))
    }
}

fn exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::NoNumber);
    }
    if digits.len() > MAX_EXPONENT_DIGITS && digits.trim_start_matches('0').len() > 15 {
        return Err(DecimalError::Exponent);
    }
    text.parse().map_err(|_| DecimalError::Exponent)
}

/// A whole number argument of any size.
pub(super) fn whole_argument(arguments: &[Term], at: usize) -> Result<BigInt, Fault> {
    let found = argument(arguments, at)?;
    let whole = match found {
        Term::Number(Number::Int(value)) => Some(BigInt::from(*value)),
        Term::Number(Number::Big(digits)) => digits.parse().ok(),
        _ => None,
    };
    whole.ok_or_else(|| match found {
        Term::Number(_) => Fault::undefined(format!(
            "operand {} must be integer number but got floating-point number",
            at + 1
        )),
        other => wrong_type(at, "number", other),
    })
}

/// A whole number as a value.
pub(super) fn whole(builtin: &str, value: &BigInt) -> Result<Term, Fault> {
    // A digit takes more than three bits.
    let most_bits = u64::try_from(MAX_DIGITS).unwrap_or(u64::MAX) * 4;
    let digits = (value.bits() <= most_bits).then(|| value.to_string());
    match digits {
        Some(digits) if digits.trim_start_matches('-').len() <= MAX_DIGITS => {
            Ok(Term::Number(Number::parse(&digits)))
        }
        _ => Err(too_many_digits(builtin)),
    }
}

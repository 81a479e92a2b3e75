//! A decimal number, infinite or not a number at all.

use std::cmp::Ordering;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive, Zero};

/// Digits that are kept.
const DIGITS: u64 = 100;
/// Digits that are calculated with on the way.
const GUARDED: u64 = 130;
/// Largest exponent, either way; numbers beyond are infinite or zero.
const MAX_EXPONENT: i64 = 5000;

/// A number.
#[derive(Debug, Clone)]
pub(in super::super::super) enum Decimal {
    Finite(BigDecimal),
    /// Whether it is the negative one.
    Infinite(bool),
    NotANumber,
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self::Finite(BigDecimal::from(number))
    }
}

impl Decimal {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "nan" => return Some(Self::NotANumber),
            "inf" | "+inf" | "infinity" | "+infinity" => return Some(Self::Infinite(false)),
            "-inf" | "-infinity" => return Some(Self::Infinite(true)),
            _ => {}
        }
        let short = text.len() <= 1000 && !text.contains('_');
        let number: BigDecimal = short.then(|| text.trim().parse().ok())??;
        Some(Self::bounded(number))
    }

    /// The shortest decimal that stands for a float.
    pub(super) fn of_float(number: f64) -> Self {
        if number.is_nan() {
            return Self::NotANumber;
        }
        if number.is_infinite() {
            return Self::Infinite(number < 0.0);
        }
        Self::parse(&format!("{number:e}")).unwrap_or(Self::NotANumber)
    }

    /// A number rounded to the digits that are kept, without trailing zeros behind the point.
    fn bounded(number: BigDecimal) -> Self {
        if number.is_zero() {
            return Self::Finite(BigDecimal::zero());
        }
        let exponent = -number.fractional_digit_count();
        let digits = i64::try_from(number.digits()).unwrap_or(i64::MAX);
        if exponent.saturating_add(digits) > MAX_EXPONENT {
            return Self::Infinite(number.is_negative());
        }
        if exponent.saturating_add(digits) < -MAX_EXPONENT {
            return Self::Finite(BigDecimal::zero());
        }
        let number = if number.digits() > DIGITS {
            number.with_prec(DIGITS)
        } else {
            number
        };
        Self::Finite(number)
    }

    pub(in super::super) fn shown(&self) -> String {
        match self {
            Self::Finite(number) => {
                let number = number.normalized();
                let exponent = -number.fractional_digit_count();
                let digits = i64::try_from(number.digits()).unwrap_or(i64::MAX);
                if exponent <= 20 && exponent.saturating_add(digits) > -6 {
                    number.to_plain_string()
                } else {
                    number.to_scientific_notation()
                }
            }
            Self::Infinite(false) => "Infinity".to_owned(),
            Self::Infinite(true) => "-Infinity".to_owned(),
            Self::NotANumber => "NaN".to_owned(),
        }
    }

    pub(super) const fn is_infinite(&self) -> bool {
        matches!(self, Self::Infinite(_))
    }

    pub(super) const fn is_nan(&self) -> bool {
        matches!(self, Self::NotANumber)
    }

    pub(super) fn sign(&self) -> i64 {
        match self {
            Self::Finite(number) => match number.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
            Self::Infinite(negative) => {
                if *negative {
                    -1
                } else {
                    1
                }
            }
            Self::NotANumber => 0,
        }
    }

    pub(super) fn coefficient(&self) -> String {
        match self {
            Self::Finite(number) => {
                let (digits, _) = number.normalized().into_bigint_and_exponent();
                digits.abs().to_string()
            }
            _ => "0".to_owned(),
        }
    }

    pub(super) fn exponent(&self) -> Option<i64> {
        match self {
            Self::Finite(number) => Some(-number.normalized().fractional_digit_count()),
            _ => None,
        }
    }

    pub(super) fn to_float(&self) -> f64 {
        match self {
            Self::Finite(number) => number.to_f64().unwrap_or(f64::NAN),
            Self::Infinite(negative) => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Self::NotANumber => f64::NAN,
        }
    }

    pub(super) fn to_int(&self) -> Option<i64> {
        match self {
            Self::Finite(number) => number.with_scale_round(0, RoundingMode::Down).to_i64(),
            _ => None,
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::NotANumber, _) | (_, Self::NotANumber) => None,
            (Self::Finite(left), Self::Finite(right)) => Some(left.cmp(right)),
            (Self::Infinite(left), Self::Infinite(right)) => Some(right.cmp(left)),
            (Self::Infinite(_), _) => Some(self.sign().cmp(&0)),
            (_, Self::Infinite(_)) => Some(0.cmp(&other.sign())),
        }
    }

    pub(in super::super) fn is_equal(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    pub(super) fn negate(&self) -> Self {
        match self {
            Self::Finite(number) => Self::Finite(-number),
            Self::Infinite(negative) => Self::Infinite(!negative),
            Self::NotANumber => Self::NotANumber,
        }
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite(left), Self::Finite(right)) => Self::bounded(left + right),
            (Self::Infinite(left), Self::Infinite(right)) if left == right => self.clone(),
            (Self::Infinite(_), Self::Finite(_)) => self.clone(),
            (Self::Finite(_), Self::Infinite(_)) => other.clone(),
            _ => Self::NotANumber,
        }
    }

    pub(super) fn multiply(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite(left), Self::Finite(right)) => Self::bounded(left * right),
            (Self::NotANumber, _) | (_, Self::NotANumber) => Self::NotANumber,
            _ => match self.sign() * other.sign() {
                0 => Self::NotANumber,
                sign => Self::Infinite(sign < 0),
            },
        }
    }

    pub(super) fn divide(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite(left), Self::Finite(right)) => {
                if !right.is_zero() {
                    return Self::bounded(left / right);
                }
                match self.sign() {
                    0 => Self::NotANumber,
                    sign => Self::Infinite(sign < 0),
                }
            }
            (Self::Finite(_), Self::Infinite(_)) => Self::from(0),
            (Self::Infinite(left), Self::Finite(_)) => Self::Infinite(*left != (other.sign() < 0)),
            _ => Self::NotANumber,
        }
    }

    pub(super) fn modulo(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite(left), Self::Finite(right)) if !right.is_zero() => {
                Self::bounded(left % right)
            }
            (Self::Finite(_), Self::Infinite(_)) => self.clone(),
            _ => Self::NotANumber,
        }
    }

    pub(super) fn floor(&self) -> Self {
        match self {
            Self::Finite(number) => Self::bounded(number.with_scale_round(0, RoundingMode::Floor)),
            other => other.clone(),
        }
    }

    pub(super) fn square_root(&self) -> Self {
        match self {
            Self::Finite(number) => number.sqrt().map_or(Self::NotANumber, Self::bounded),
            Self::Infinite(false) => self.clone(),
            _ => Self::NotANumber,
        }
    }

    pub(super) fn power(&self, other: &Self) -> Self {
        let (Self::Finite(base), Self::Finite(exponent)) = (self, other) else {
            return Self::NotANumber;
        };
        if exponent.is_integer() {
            let Some(exponent) = exponent.to_i64() else {
                return Self::NotANumber;
            };
            let power = whole_power(base.clone(), exponent.unsigned_abs());
            return match power {
                Self::Finite(_) | Self::Infinite(_) if exponent < 0 => Self::from(1).divide(&power),
                power => power,
            };
        }
        match self.sign() {
            -1 => Self::NotANumber,
            0 => Self::from(0),
            _ => self.natural_logarithm().multiply(other).exponential(),
        }
    }

    pub(super) fn exponential(&self) -> Self {
        match self {
            Self::Finite(number) => {
                // e to the 12,000 is beyond the largest exponent.
                match number.to_f64() {
                    Some(size) if size > 12_000.0 => Self::Infinite(false),
                    Some(size) if size < -12_000.0 => Self::from(0),
                    _ => Self::bounded(exponential(number)),
                }
            }
            Self::Infinite(false) => self.clone(),
            Self::Infinite(true) => Self::from(0),
            Self::NotANumber => Self::NotANumber,
        }
    }

    pub(super) fn natural_logarithm(&self) -> Self {
        match self {
            Self::Finite(number) => match self.sign() {
                1 => Self::bounded(natural_logarithm(number)),
                0 => Self::Infinite(true),
                _ => Self::NotANumber,
            },
            Self::Infinite(false) => self.clone(),
            _ => Self::NotANumber,
        }
    }

    pub(super) fn decimal_logarithm(&self) -> Self {
        match self.natural_logarithm() {
            Self::Finite(number) => {
                let ten = natural_logarithm(&BigDecimal::from(10));
                // One digit less hides the rounding of both.
                Self::bounded((number / ten).with_prec(DIGITS - 2))
            }
            other => other,
        }
    }
}

/// A power by squaring, rounded on the way.
fn whole_power(base: BigDecimal, mut exponent: u64) -> Decimal {
    let mut result = Decimal::from(1);
    let mut square = Decimal::Finite(base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.multiply(&square);
        }
        exponent >>= 1;
        if exponent > 0 {
            square = square.multiply(&square);
        }
        if result.is_infinite() {
            break;
        }
    }
    result
}

/// e to a number, by its series after halving the number until it is small.
fn exponential(number: &BigDecimal) -> BigDecimal {
    let mut small = number.with_prec(GUARDED);
    let mut halvings = 0;
    let half = BigDecimal::new(BigInt::from(5), 1);
    while small.abs() > half && halvings < 20 {
        small = (small * &half).with_prec(GUARDED);
        halvings += 1;
    }
    let mut sum = BigDecimal::from(1);
    let mut term = BigDecimal::from(1);
    for step in 1..90_i64 {
        term = (term * &small / BigDecimal::from(step)).with_prec(GUARDED);
        if term.is_zero() {
            break;
        }
        sum += &term;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum).with_prec(GUARDED);
    }
    sum
}

/// The natural logarithm of a positive number: near by floats, then by Halley's method, each step
/// of which triples the digits.
fn natural_logarithm(number: &BigDecimal) -> BigDecimal {
    let digits = i64::try_from(number.digits()).unwrap_or(0);
    let exponent = digits - number.fractional_digit_count();
    // number = mantissa * 10^exponent, with 0.1 <= mantissa < 1.
    let (coefficient, _) = number.clone().into_bigint_and_exponent();
    let mantissa = BigDecimal::new(coefficient, digits).with_prec(GUARDED);
    let mut result = near(&mantissa);
    if exponent != 0 {
        let ten = near(&BigDecimal::new(BigInt::from(1), 1));
        result -= ten * BigDecimal::from(exponent);
    }
    result
}

/// The natural logarithm of a number from 0.1 to 1.
fn near(number: &BigDecimal) -> BigDecimal {
    let start = number.to_f64().unwrap_or(1.0).ln();
    let mut guess = BigDecimal::try_from(start).unwrap_or_default();
    for _ in 0..4 {
        let power = exponential(&guess);
        let step = BigDecimal::from(2) * (number - &power) / (number + &power);
        guess = (guess + step).with_prec(GUARDED);
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn sums_are_exact_and_sizes_are_bounded() {
        assert_eq!(number("1.1").add(&number("2.2")).shown(), "3.3");
        assert_eq!(number("3.0").divide(&number("1.5")).shown(), "2");
        assert_eq!(number("1.5").power(&number("2")).shown(), "2.25");
        assert!(number("1E2000000000").is_infinite());
        assert!(number("10").power(&number("99999999")).is_infinite());
        assert!(number("-1").square_root().is_nan());
        assert_eq!(number("-1.5").floor().shown(), "-2");
    }

    #[test]
    fn logarithms_and_powers_of_e_agree_with_each_other() {
        let shown = |number: Decimal| number.shown()[..20].to_owned();
        assert_eq!(shown(number("1.5").exponential()), "4.481689070338064822");
        assert_eq!(
            shown(number("1.5").natural_logarithm()),
            "0.405465108108164381"
        );
        assert_eq!(
            shown(number("1.5").decimal_logarithm()),
            "0.176091259055681242"
        );
        assert_eq!(number("1000").decimal_logarithm().shown(), "3");
        let back = number("7.25").natural_logarithm().exponential();
        assert_eq!(
            shown(back.add(&number("-7"))),
            "0.250000000000000000".to_owned()
        );
    }
}

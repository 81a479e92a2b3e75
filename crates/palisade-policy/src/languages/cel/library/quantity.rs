//! Kubernetes quantities: `500m`, `1Gi`, `2e3`.

use std::cmp::Ordering;
use std::fmt;

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, value};

const Q: Type = Type::Named("kubernetes.Quantity");
/// Quantities are kept in billionths.
const SCALE: i128 = 1_000_000_000;

/// An amount in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / SCALE, (self.0 % SCALE).unsigned_abs());
        if fraction == 0 {
            return write!(formatter, "{whole}");
        }
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        let digits = format!("{fraction:09}");
        write!(formatter, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("quantity", &[Type::Text], |m, a| {
        Ok(foreign(m, Foreign::Quantity(read(text(a, 0)?)?)))
    }),
    Overload::global("isQuantity", &[Type::Text], |_, a| {
        Ok(Val::Bool(parse(text(a, 0)?).is_some()))
    }),
    Overload::member("sign", &[Q], |_, a| {
        let sign = quantity(a, 0)?.0.signum();
        Ok(Val::Int(i64::try_from(sign).unwrap_or(0)))
    }),
    Overload::member("isInteger", &[Q], |_, a| {
        Ok(Val::Bool(whole(quantity(a, 0)?).is_some()))
    }),
    Overload::member("asInteger", &[Q], |_, a| {
        let whole = whole(quantity(a, 0)?);
        whole
            .map(Val::Int)
            .ok_or_else(|| Fault::new("cannot convert value to integer"))
    }),
    Overload::member("asApproximateFloat", &[Q], |_, a| {
        Ok(Val::Double(approximate(quantity(a, 0)?)))
    }),
    Overload::member("add", &[Q, Q], |m, a| combine(m, a, i128::checked_add)),
    Overload::member("add", &[Q, Type::Int], |m, a| {
        combine(m, a, i128::checked_add)
    }),
    Overload::member("sub", &[Q, Q], |m, a| combine(m, a, i128::checked_sub)),
    Overload::member("sub", &[Q, Type::Int], |m, a| {
        combine(m, a, i128::checked_sub)
    }),
    Overload::member("isLessThan", &[Q, Q], |_, a| {
        Ok(Val::Bool(quantity(a, 0)? < quantity(a, 1)?))
    }),
    Overload::member("isGreaterThan", &[Q, Q], |_, a| {
        Ok(Val::Bool(quantity(a, 0)? > quantity(a, 1)?))
    }),
    Overload::member("compareTo", &[Q, Q], |_, a| {
        Ok(order(quantity(a, 0)?.cmp(&quantity(a, 1)?)))
    }),
];

/// An order as a number.
pub(super) fn order(order: Ordering) -> Val<'static> {
    Val::Int(match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

fn read(text: &str) -> Result<Quantity, Fault> {
    parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        Fault::new(format!(
            "`{shown}` is not a quantity such as `500m` or `1Gi`"
        ))
    })
}

/// Reads a quantity; amounts under a billionth are rounded up, as Kubernetes does.
fn parse(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 60 {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let digits: i128 = digits.parse().ok()?;
    let places = u32::try_from(fraction.len()).ok()?;
    let (factor, power) = unit(suffix)?;
    let mut amount = digits.checked_mul(factor)?;
    let exponent = 9 + power - i32::try_from(places).ok()?;
    let scale = 10_i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 {
        amount = amount.checked_mul(scale)?;
    } else {
        let rounded_up = i128::from(amount % scale != 0);
        amount = amount / scale + rounded_up;
    }
    Some(Quantity(if negative { -amount } else { amount }))
}

/// A suffix as a factor and a power of ten.
fn unit(suffix: &str) -> Option<(i128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let exponent: i32 = exponent.parse().ok()?;
            ((-24..=24).contains(&exponent)).then_some((1, exponent))?
        }
    })
}

fn quantity(arguments: &[Val<'_>], at: usize) -> Result<Quantity, Fault> {
    match value(arguments, at)? {
        Val::Foreign(Foreign::Quantity(quantity)) => Ok(*quantity),
        Val::Int(whole) => Ok(Quantity(i128::from(whole) * SCALE)),
        _ => Err(Fault::no_overload()),
    }
}

fn whole(quantity: Quantity) -> Option<i64> {
    (quantity.0 % SCALE == 0)
        .then(|| i64::try_from(quantity.0 / SCALE).ok())
        .flatten()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the function says it is approximate"
)]
fn approximate(quantity: Quantity) -> f64 {
    let (whole, fraction) = (quantity.0 / SCALE, quantity.0 % SCALE);
    whole as f64 + fraction as f64 / SCALE as f64
}

fn combine<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    operation: fn(i128, i128) -> Option<i128>,
) -> Result<Val<'v>, Fault> {
    let (left, right) = (quantity(arguments, 0)?, quantity(arguments, 1)?);
    let result = operation(left.0, right.0).ok_or_else(|| Fault::new("quantity overflow"))?;
    Ok(foreign(machine, Foreign::Quantity(Quantity(result))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        let amount = |text: &str| parse(text).map(|quantity| quantity.0);
        assert_eq!(amount("1Ki"), Some(1024 * SCALE));
        assert_eq!(amount("0.5"), amount("500m"));
        assert_eq!(amount("1e3"), amount("1k"));
        assert_eq!(amount("1E"), Some(SCALE * 10_i128.pow(18)));
        assert_eq!(amount("-1.5Gi"), Some(-1_610_612_736 * SCALE));
        for wrong in ["", "1.2.3", "1kb", "Mi", "1 Mi", "--1", "1e99"] {
            assert_eq!(amount(wrong), None, "{wrong}");
        }
        assert_eq!(Quantity(-SCALE / 2).to_string(), "-0.5");
    }
}

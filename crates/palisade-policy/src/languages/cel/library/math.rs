//! Numbers: the math extension.

use super::super::fault::Fault;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::value;

const N: &[Type] = &[Type::Number];
const NN: &[Type] = &[Type::Number, Type::Number];
const D: &[Type] = &[Type::Double];
const II: &[Type] = &[Type::Int, Type::Int];
const UU: &[Type] = &[Type::Uint, Type::Uint];
const UI: &[Type] = &[Type::Uint, Type::Int];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("math.greatest", N, |_, a| value(a, 0)),
    Overload::global("math.greatest", NN, |_, a| {
        extreme(a, std::cmp::Ordering::is_gt)
    }),
    Overload::global("math.greatest", &[Type::List], |_, a| {
        extreme(&items(a)?, std::cmp::Ordering::is_gt)
    }),
    Overload::global("math.least", N, |_, a| value(a, 0)),
    Overload::global("math.least", NN, |_, a| {
        extreme(a, std::cmp::Ordering::is_lt)
    }),
    Overload::global("math.least", &[Type::List], |_, a| {
        extreme(&items(a)?, std::cmp::Ordering::is_lt)
    }),
    Overload::global("math.ceil", D, |_, a| double(a, f64::ceil)),
    Overload::global("math.floor", D, |_, a| double(a, f64::floor)),
    Overload::global("math.round", D, |_, a| double(a, f64::round)),
    Overload::global("math.trunc", D, |_, a| double(a, f64::trunc)),
    Overload::global("math.sqrt", N, |_, a| square_root(a)),
    Overload::global("math.abs", N, |_, a| absolute(a)),
    Overload::global("math.sign", N, |_, a| sign(a)),
    Overload::global("math.isNaN", D, |_, a| test(a, f64::is_nan)),
    Overload::global("math.isInf", D, |_, a| test(a, f64::is_infinite)),
    Overload::global("math.isFinite", D, |_, a| test(a, f64::is_finite)),
    Overload::global("math.bitAnd", II, |_, a| bits(a, |x, y| x & y)),
    Overload::global("math.bitAnd", UU, |_, a| bits(a, |x, y| x & y)),
    Overload::global("math.bitOr", II, |_, a| bits(a, |x, y| x | y)),
    Overload::global("math.bitOr", UU, |_, a| bits(a, |x, y| x | y)),
    Overload::global("math.bitXor", II, |_, a| bits(a, |x, y| x ^ y)),
    Overload::global("math.bitXor", UU, |_, a| bits(a, |x, y| x ^ y)),
    Overload::global("math.bitNot", &[Type::Int], |_, a| bit_not(a)),
    Overload::global("math.bitNot", &[Type::Uint], |_, a| bit_not(a)),
    Overload::global("math.bitShiftLeft", II, |_, a| shift(a, u64::checked_shl)),
    Overload::global("math.bitShiftLeft", UI, |_, a| shift(a, u64::checked_shl)),
    Overload::global("math.bitShiftRight", II, |_, a| shift(a, u64::checked_shr)),
    Overload::global("math.bitShiftRight", UI, |_, a| shift(a, u64::checked_shr)),
];

fn items<'v>(arguments: &[Val<'v>]) -> Result<Vec<Val<'v>>, Fault> {
    Ok(value(arguments, 0)?.items().collect())
}

fn extreme<'v>(
    values: &[Val<'v>],
    better: fn(std::cmp::Ordering) -> bool,
) -> Result<Val<'v>, Fault> {
    let mut best: Option<Val<'v>> = None;
    for value in values {
        if !matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_)) {
            return Err(Fault::no_overload());
        }
        let wins = match best {
            Some(best) => value.compare(best).ok().flatten().is_some_and(better),
            None => true,
        };
        if wins {
            best = Some(*value);
        }
    }
    best.ok_or_else(|| Fault::new("the list of numbers is empty"))
}

fn double<'v>(arguments: &[Val<'v>], change: fn(f64) -> f64) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Double(value) => Ok(Val::Double(change(value))),
        _ => Err(Fault::no_overload()),
    }
}

fn test<'v>(arguments: &[Val<'v>], holds: fn(f64) -> bool) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Double(value) => Ok(Val::Bool(holds(value))),
        _ => Err(Fault::no_overload()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the function is of doubles")]
fn square_root<'v>(arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let number = match value(arguments, 0)? {
        Val::Double(value) => value,
        Val::Int(value) => value as f64,
        Val::Uint(value) => value as f64,
        _ => return Err(Fault::no_overload()),
    };
    Ok(Val::Double(number.sqrt()))
}

fn absolute<'v>(arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Ok(match value(arguments, 0)? {
        Val::Int(value) => Val::Int(
            value
                .checked_abs()
                .ok_or_else(|| Fault::new("integer overflow"))?,
        ),
        Val::Double(value) => Val::Double(value.abs()),
        other => other,
    })
}

fn sign<'v>(arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Ok(match value(arguments, 0)? {
        Val::Int(value) => Val::Int(value.signum()),
        Val::Uint(value) => Val::Uint(value.min(1)),
        Val::Double(value) if value == 0.0 || value.is_nan() => Val::Double(value),
        Val::Double(value) => Val::Double(value.signum()),
        other => other,
    })
}

/// Both arguments as bits, and how to make a value of the first one's type from bits.
fn bits<'v>(arguments: &[Val<'v>], combine: fn(u64, u64) -> u64) -> Result<Val<'v>, Fault> {
    match (value(arguments, 0)?, value(arguments, 1)?) {
        (Val::Int(a), Val::Int(b)) => Ok(Val::Int(
            combine(a.cast_unsigned(), b.cast_unsigned()).cast_signed(),
        )),
        (Val::Uint(a), Val::Uint(b)) => Ok(Val::Uint(combine(a, b))),
        _ => Err(Fault::no_overload()),
    }
}

fn bit_not<'v>(arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Int(value) => Ok(Val::Int(!value)),
        Val::Uint(value) => Ok(Val::Uint(!value)),
        _ => Err(Fault::no_overload()),
    }
}

fn shift<'v>(arguments: &[Val<'v>], shift: fn(u64, u32) -> Option<u64>) -> Result<Val<'v>, Fault> {
    let Val::Int(by) = value(arguments, 1)? else {
        return Err(Fault::no_overload());
    };
    if by < 0 {
        return Err(Fault::new("a shift by a negative number"));
    }
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    // Past the width of a number nothing is left of it.
    match value(arguments, 0)? {
        Val::Int(value) => Ok(Val::Int(
            shift(value.cast_unsigned(), by).unwrap_or(0).cast_signed(),
        )),
        Val::Uint(value) => Ok(Val::Uint(shift(value, by).unwrap_or(0))),
        _ => Err(Fault::no_overload()),
    }
}

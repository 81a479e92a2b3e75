//! Arithmetic, comparison and membership.

use std::cmp::Ordering;

use super::fault::Fault;
use super::machine::Machine;
use super::syntax::Binary;
use super::value::{Moment, Val};

const NANOS: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the bounds of timestamps.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// The value of an operator.
pub(super) fn binary<'v>(
    machine: &Machine<'v>,
    operator: Binary,
    left: Val<'v>,
    right: Val<'v>,
) -> Result<Val<'v>, Fault> {
    let truth = |value: bool| Ok(Val::Bool(value));
    let ordered = |wanted: fn(Ordering) -> bool| {
        let order = left.compare(right).map_err(|_| Fault::no_overload())?;
        Ok(Val::Bool(order.is_some_and(wanted)))
    };
    match operator {
        Binary::Equal => {
            charge_size(machine, left)?;
            truth(left.equals(right))
        }
        Binary::NotEqual => {
            charge_size(machine, left)?;
            truth(!left.equals(right))
        }
        Binary::Less => ordered(Ordering::is_lt),
        Binary::LessOrEqual => ordered(Ordering::is_le),
        Binary::Greater => ordered(Ordering::is_gt),
        Binary::GreaterOrEqual => ordered(Ordering::is_ge),
        Binary::In => {
            charge_size(machine, right)?;
            contains(right, left).map(Val::Bool)
        }
        Binary::Add => add(machine, left, right),
        Binary::Subtract => subtract(left, right),
        Binary::Multiply => multiply(left, right),
        Binary::Divide => divide(left, right),
        Binary::Remainder => remainder(left, right),
    }
}

/// `-x`.
pub(super) fn negate(value: Val<'_>) -> Result<Val<'_>, Fault> {
    match value {
        Val::Int(value) => value.checked_neg().map(Val::Int).ok_or_else(overflow),
        Val::Double(value) => Ok(Val::Double(-value)),
        _ => Err(Fault::no_overload()),
    }
}

/// A number as an index, if it is whole.
pub(super) fn whole(value: Val<'_>) -> Option<i64> {
    match value {
        Val::Int(value) => Some(value),
        Val::Uint(value) => i64::try_from(value).ok(),
        Val::Double(value) => exact(value),
        _ => None,
    }
}

/// A timestamp within the bounds of the language.
pub(super) fn moment(nanoseconds: i128) -> Result<Moment, Fault> {
    let out_of_range = || Fault::new("timestamp overflow");
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOS)).map_err(|_| out_of_range())?;
    let nanos = u32::try_from(nanoseconds.rem_euclid(NANOS)).map_err(|_| out_of_range())?;
    if !(FIRST_SECOND..=LAST_SECOND).contains(&seconds) {
        return Err(out_of_range());
    }
    Ok(Moment { seconds, nanos })
}

/// A timestamp in nanoseconds.
pub(super) fn nanoseconds(moment: Moment) -> i128 {
    i128::from(moment.seconds) * NANOS + i128::from(moment.nanos)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "a double that is whole and within bounds converts exactly"
)]
fn exact(value: f64) -> Option<i64> {
    let whole = value.trunc() == value && value.abs() < 9e18;
    whole.then_some(value as i64)
}

/// Comparing and searching costs as much as there are elements.
fn charge_size(machine: &Machine<'_>, value: Val<'_>) -> Result<(), Fault> {
    let size = match value {
        Val::Text(text) => text.len() / 256,
        other => other.len(),
    };
    if size > 0 {
        machine.context.meter.charge(size as u64)?;
    }
    Ok(())
}

fn contains<'v>(container: Val<'v>, value: Val<'v>) -> Result<bool, Fault> {
    if container.is_list() {
        return Ok(container.items().any(|item| item.equals(value)));
    }
    if container.is_map() {
        return Ok(container.entry(value).is_some());
    }
    Err(Fault::no_overload())
}

fn overflow() -> Fault {
    Fault::new("integer overflow")
}

fn add<'v>(machine: &Machine<'v>, left: Val<'v>, right: Val<'v>) -> Result<Val<'v>, Fault> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => a.checked_add(b).map(Val::Int).ok_or_else(overflow),
        (Val::Uint(a), Val::Uint(b)) => a.checked_add(b).map(Val::Uint).ok_or_else(overflow),
        (Val::Double(a), Val::Double(b)) => Ok(Val::Double(a + b)),
        (Val::Text(a), Val::Text(b)) => {
            let mut text = String::with_capacity(a.len() + b.len());
            text.push_str(a);
            text.push_str(b);
            machine.new_text(&text)
        }
        (Val::Bytes(a), Val::Bytes(b)) => {
            let bytes = [a, b].concat();
            machine.context.charge(1 + bytes.len() as u64 / 1024)?;
            Ok(Val::Bytes(machine.context.arena.alloc_slice_copy(&bytes)))
        }
        (Val::Duration(a), Val::Duration(b)) => a
            .checked_add(b)
            .map(Val::Duration)
            .ok_or_else(|| Fault::new("duration overflow")),
        (Val::Timestamp(at), Val::Duration(by)) | (Val::Duration(by), Val::Timestamp(at)) => {
            moment(nanoseconds(at) + i128::from(by)).map(Val::Timestamp)
        }
        _ if left.is_list() && right.is_list() => {
            let items: Vec<Val<'v>> = left.items().chain(right.items()).collect();
            machine.new_list(&items)
        }
        _ => Err(Fault::no_overload()),
    }
}

fn subtract<'v>(left: Val<'v>, right: Val<'v>) -> Result<Val<'v>, Fault> {
    let duration_overflow = || Fault::new("duration overflow");
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => a.checked_sub(b).map(Val::Int).ok_or_else(overflow),
        (Val::Uint(a), Val::Uint(b)) => a.checked_sub(b).map(Val::Uint).ok_or_else(overflow),
        (Val::Double(a), Val::Double(b)) => Ok(Val::Double(a - b)),
        (Val::Duration(a), Val::Duration(b)) => a
            .checked_sub(b)
            .map(Val::Duration)
            .ok_or_else(duration_overflow),
        (Val::Timestamp(at), Val::Duration(by)) => {
            moment(nanoseconds(at) - i128::from(by)).map(Val::Timestamp)
        }
        (Val::Timestamp(a), Val::Timestamp(b)) => i64::try_from(nanoseconds(a) - nanoseconds(b))
            .map(Val::Duration)
            .map_err(|_| duration_overflow()),
        _ => Err(Fault::no_overload()),
    }
}

fn multiply<'v>(left: Val<'v>, right: Val<'v>) -> Result<Val<'v>, Fault> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => a.checked_mul(b).map(Val::Int).ok_or_else(overflow),
        (Val::Uint(a), Val::Uint(b)) => a.checked_mul(b).map(Val::Uint).ok_or_else(overflow),
        (Val::Double(a), Val::Double(b)) => Ok(Val::Double(a * b)),
        _ => Err(Fault::no_overload()),
    }
}

fn divide<'v>(left: Val<'v>, right: Val<'v>) -> Result<Val<'v>, Fault> {
    let by_zero = || Fault::new("divide by zero");
    match (left, right) {
        (Val::Int(_), Val::Int(0)) | (Val::Uint(_), Val::Uint(0)) => Err(by_zero()),
        (Val::Int(a), Val::Int(b)) => a.checked_div(b).map(Val::Int).ok_or_else(overflow),
        (Val::Uint(a), Val::Uint(b)) => a.checked_div(b).map(Val::Uint).ok_or_else(by_zero),
        (Val::Double(a), Val::Double(b)) => Ok(Val::Double(a / b)),
        _ => Err(Fault::no_overload()),
    }
}

fn remainder<'v>(left: Val<'v>, right: Val<'v>) -> Result<Val<'v>, Fault> {
    let by_zero = || Fault::new("modulus by zero");
    match (left, right) {
        (Val::Int(_), Val::Int(0)) | (Val::Uint(_), Val::Uint(0)) => Err(by_zero()),
        (Val::Int(a), Val::Int(b)) => a.checked_rem(b).map(Val::Int).ok_or_else(overflow),
        (Val::Uint(a), Val::Uint(b)) => a.checked_rem(b).map(Val::Uint).ok_or_else(by_zero),
        _ => Err(Fault::no_overload()),
    }
}

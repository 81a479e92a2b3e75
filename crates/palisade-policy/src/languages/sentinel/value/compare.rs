//! Equality and order of values.

use std::cmp::Ordering;

use super::super::evaluation::{Machine, Outcome, failed_anywhere};
use super::{List, Map, Value};

/// Deepest nesting of lists and maps that is compared.
const MAX_DEPTH: u32 = 64;

/// How two values are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Order {
    /// Both are numbers or both are texts.
    Known(Ordering),
    /// One is not a number (`NaN`).
    Unordered,
    /// Their types have no order between them.
    Different,
}

/// The order of two values.
#[expect(
    clippy::cast_precision_loss,
    reason = "the language compares a whole number with a float as a float"
)]
pub(in super::super) fn order(left: Value<'_>, right: Value<'_>) -> Order {
    let floats = |left: f64, right: f64| match left.partial_cmp(&right) {
        Some(order) => Order::Known(order),
        None => Order::Unordered,
    };
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Order::Known(left.cmp(&right)),
        (Value::Float(left), Value::Float(right)) => floats(left, right),
        (Value::Int(left), Value::Float(right)) => floats(left as f64, right),
        (Value::Float(left), Value::Int(right)) => floats(left, right as f64),
        (Value::Text(left), Value::Text(right)) => Order::Known(left.cmp(right)),
        _ => Order::Different,
    }
}

/// Whether two keys of a map are the same.
pub(in super::super) fn same_key(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        _ => false,
    }
}

/// Whether two values are equal; `None` where that is undefined. Values of different types are
/// not equal.
pub(in super::super) fn equal<'r>(
    machine: &Machine<'r>,
    left: Value<'r>,
    right: Value<'r>,
) -> Outcome<Option<bool>> {
    equal_at(machine, left, right, 0)
}

fn equal_at<'r>(
    machine: &Machine<'r>,
    left: Value<'r>,
    right: Value<'r>,
    depth: u32,
) -> Outcome<Option<bool>> {
    if depth > MAX_DEPTH {
        let sentence = format!("cannot compare values that nest deeper than {MAX_DEPTH} levels");
        return Err(failed_anywhere(sentence));
    }
    Ok(match (left, right) {
        (Value::Undefined, _) | (_, Value::Undefined) => None,
        (Value::Null, Value::Null) => Some(true),
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::List(left), Value::List(right)) => return lists(machine, left, right, depth),
        (Value::Map(left), Value::Map(right)) => return maps(machine, left, right, depth),
        (Value::Function(left), Value::Function(right)) => Some(std::ptr::eq(left, right)),
        (Value::Instance(left), Value::Instance(right)) => Some(left.is_equal(right)),
        _ => Some(order(left, right) == Order::Known(Ordering::Equal)),
    })
}

fn lists<'r>(
    machine: &Machine<'r>,
    left: &'r List<'r>,
    right: &'r List<'r>,
    depth: u32,
) -> Outcome<Option<bool>> {
    if left.len() != right.len() {
        return Ok(Some(false));
    }
    machine.charge(1 + left.len() as u64 / 8)?;
    let mut all = Some(true);
    for index in 0..left.len() {
        let arena = machine.arena;
        let (Some(left), Some(right)) = (left.get(arena, index), right.get(arena, index)) else {
            return Ok(Some(false));
        };
        match equal_at(machine, left, right, depth + 1)? {
            Some(false) => return Ok(Some(false)),
            Some(true) => {}
            None => all = None,
        }
    }
    Ok(all)
}

fn maps<'r>(
    machine: &Machine<'r>,
    left: &'r Map<'r>,
    right: &'r Map<'r>,
    depth: u32,
) -> Outcome<Option<bool>> {
    if left.len() != right.len() {
        return Ok(Some(false));
    }
    machine.charge(1 + left.len() as u64 / 4)?;
    let mut all = Some(true);
    for index in 0..left.len() {
        let arena = machine.arena;
        let entry = left.entry(arena, index);
        let pair = entry.and_then(|(key, value)| Some((value, right.get(arena, key)?)));
        let Some((value, other)) = pair else {
            return Ok(Some(false));
        };
        match equal_at(machine, value, other, depth + 1)? {
            Some(false) => return Ok(Some(false)),
            Some(true) => {}
            None => all = None,
        }
    }
    Ok(all)
}

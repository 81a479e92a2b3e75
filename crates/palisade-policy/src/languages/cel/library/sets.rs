//! Lists as sets.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::value;

const LL: &[Type] = &[Type::List, Type::List];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("sets.contains", LL, |m, a| {
        Ok(Val::Bool(covers(m, value(a, 0)?, value(a, 1)?)?))
    }),
    Overload::global("sets.equivalent", LL, |m, a| {
        let (left, right) = (value(a, 0)?, value(a, 1)?);
        Ok(Val::Bool(
            covers(m, left, right)? && covers(m, right, left)?,
        ))
    }),
    Overload::global("sets.intersects", LL, intersects),
];

fn covers<'v>(machine: &Machine<'v>, outer: Val<'v>, inner: Val<'v>) -> Result<bool, Fault> {
    for wanted in inner.items() {
        machine.context.meter.charge(1 + outer.len() as u64 / 16)?;
        if !outer.items().any(|item| item.equals(wanted)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn intersects<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (left, right) = (value(arguments, 0)?, value(arguments, 1)?);
    for item in left.items() {
        machine.context.meter.charge(1 + right.len() as u64 / 16)?;
        if right.items().any(|other| other.equals(item)) {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

//! Optional values; `or`, `orValue`, `optMap` and `optFlatMap` are nodes of their own.

use super::super::fault::Fault;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::value;

const O: &[Type] = &[Type::Optional];
const L: &[Type] = &[Type::List];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("optional.of", &[Type::Any], |m, a| {
        Ok(m.optional(Some(value(a, 0)?)))
    }),
    Overload::global("optional.none", &[], |_, _| Ok(Val::Optional(None))),
    Overload::global("optional.ofNonZeroValue", &[Type::Any], |m, a| {
        let value = value(a, 0)?;
        Ok(m.optional((!value.is_zero()).then_some(value)))
    }),
    Overload::global("optional.unwrap", L, |m, a| {
        m.new_list(&unwrapped(value(a, 0)?)?)
    }),
    Overload::member("unwrapOpt", L, |m, a| m.new_list(&unwrapped(value(a, 0)?)?)),
    Overload::member("hasValue", O, |_, a| {
        Ok(Val::Bool(matches!(value(a, 0)?, Val::Optional(Some(_)))))
    }),
    Overload::member("value", O, |_, a| match value(a, 0)? {
        Val::Optional(Some(value)) => Ok(*value),
        _ => Err(Fault::new("optional.none() dereference")),
    }),
];

fn unwrapped(list: Val<'_>) -> Result<Vec<Val<'_>>, Fault> {
    let mut values = Vec::new();
    for item in list.items() {
        match item {
            Val::Optional(value) => values.extend(value.copied()),
            _ => return Err(Fault::no_overload()),
        }
    }
    Ok(values)
}

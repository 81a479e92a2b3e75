//! Lists: the list extension and Kubernetes' own functions.

use std::cmp::Ordering;

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{count, int, value};

const L: &[Type] = &[Type::List];
/// Longest list that `lists.range` makes.
const MAX_RANGE: i64 = 1_000_000;

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("slice", &[Type::List, Type::Int, Type::Int], slice),
    Overload::member("flatten", L, flatten),
    Overload::member("flatten", &[Type::List, Type::Int], flatten),
    Overload::member("sort", L, sort),
    Overload::member("distinct", L, distinct),
    Overload::member("reverse", L, reverse),
    Overload::member("first", L, |m, a| Ok(m.optional(value(a, 0)?.item(0)))),
    Overload::member("last", L, |m, a| {
        let list = value(a, 0)?;
        Ok(m.optional(list.len().checked_sub(1).and_then(|at| list.item(at))))
    }),
    Overload::global("lists.range", &[Type::Int], range),
];

pub(super) const KUBERNETES: &[Overload] = &[
    Overload::member("isSorted", L, is_sorted),
    Overload::member("sum", L, sum),
    Overload::member("min", L, |m, a| extreme(m, a, Ordering::is_lt)),
    Overload::member("max", L, |m, a| extreme(m, a, Ordering::is_gt)),
    Overload::member("indexOf", &[Type::List, Type::Any], index_of),
    Overload::member("lastIndexOf", &[Type::List, Type::Any], last_index_of),
];

fn items<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Vec<Val<'v>>, Fault> {
    let list = value(arguments, 0)?;
    machine.context.charge(list.len() as u64)?;
    Ok(list.items().collect())
}

fn slice<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (start, end) = (int(arguments, 1)?, int(arguments, 2)?);
    let items = items(machine, arguments)?;
    let bounds = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = bounds.and_then(|(start, end)| items.get(start..end));
    let wrong = || {
        Fault::new(format!(
            "cannot slice({start}, {end}) a list of {}",
            items.len()
        ))
    };
    machine.new_list(part.ok_or_else(wrong)?)
}

fn flatten<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let depth = match arguments.get(1) {
        Some(_) => int(arguments, 1)?,
        None => 1,
    };
    if depth < 0 {
        return Err(Fault::new("level must be non-negative"));
    }
    let mut list = items(machine, arguments)?;
    for _ in 0..depth {
        if !list.iter().any(|item| item.is_list()) {
            break;
        }
        let mut flat = Vec::with_capacity(list.len());
        for item in list {
            if item.is_list() {
                machine.context.charge(item.len() as u64)?;
                flat.extend(item.items());
            } else {
                flat.push(item);
            }
        }
        list = flat;
    }
    machine.new_list(&list)
}

/// Sorts by the first of each pair; keys have to be of one type that has an order.
pub(in super::super) fn sort_pairs<'v>(pairs: &mut [(Val<'v>, Val<'v>)]) -> Result<(), Fault> {
    if let Some((first, _)) = pairs.first().copied() {
        let comparable = pairs
            .iter()
            .all(|(key, _)| key.type_name() == first.type_name() && key.compare(first).is_ok());
        if !comparable {
            return Err(Fault::new(
                "list elements must have the same type to be sorted",
            ));
        }
    }
    pairs.sort_by(|(a, _), (b, _)| a.compare(*b).ok().flatten().unwrap_or(Ordering::Equal));
    Ok(())
}

fn sort<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let items = items(machine, arguments)?;
    let mut pairs: Vec<_> = items.iter().map(|item| (*item, *item)).collect();
    sort_pairs(&mut pairs)?;
    let sorted: Vec<Val<'v>> = pairs.into_iter().map(|(item, _)| item).collect();
    machine.new_list(&sorted)
}

fn distinct<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let mut kept: Vec<Val<'v>> = Vec::new();
    for item in items(machine, arguments)? {
        machine.context.meter.charge(1 + kept.len() as u64 / 16)?;
        if !kept.iter().any(|known| known.equals(item)) {
            kept.push(item);
        }
    }
    machine.new_list(&kept)
}

fn reverse<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let mut items = items(machine, arguments)?;
    items.reverse();
    machine.new_list(&items)
}

fn range<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let length = int(arguments, 0)?;
    if length > MAX_RANGE {
        return Err(Fault::new(format!("a range is at most {MAX_RANGE} long")));
    }
    machine.context.charge(length.max(0).unsigned_abs())?;
    let items: Vec<Val<'v>> = (0..length).map(Val::Int).collect();
    machine.new_list(&items)
}

fn is_sorted<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let items = items(machine, arguments)?;
    for (before, after) in items.iter().zip(items.iter().skip(1)) {
        match before.compare(*after) {
            Err(_) => return Err(Fault::no_overload()),
            Ok(Some(Ordering::Greater)) => return Ok(Val::Bool(false)),
            Ok(_) => {}
        }
    }
    Ok(Val::Bool(true))
}

fn sum<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    use super::super::syntax::Binary;
    let items = items(machine, arguments)?;
    let mut total: Option<Val<'v>> = None;
    for item in items {
        let summable = matches!(
            item,
            Val::Int(_) | Val::Uint(_) | Val::Double(_) | Val::Duration(_)
        );
        if !summable {
            return Err(Fault::no_overload());
        }
        total = Some(match total {
            Some(total) => super::super::operators::binary(machine, Binary::Add, total, item)?,
            None => item,
        });
    }
    Ok(total.unwrap_or(Val::Int(0)))
}

fn extreme<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    better: fn(Ordering) -> bool,
) -> Result<Val<'v>, Fault> {
    let mut best: Option<Val<'v>> = None;
    for item in items(machine, arguments)? {
        let wins = match best {
            Some(best) => {
                let order = item.compare(best).map_err(|_| Fault::no_overload())?;
                order.is_some_and(better)
            }
            None => true,
        };
        if wins {
            best = Some(item);
        }
    }
    best.ok_or_else(|| Fault::new("min and max of an empty list"))
}

fn index_of<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let wanted = value(arguments, 1)?;
    let found = items(machine, arguments)?;
    let at = found.iter().position(|item| item.equals(wanted));
    Ok(at.map_or(Val::Int(-1), count))
}

fn last_index_of<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let wanted = value(arguments, 1)?;
    let found = items(machine, arguments)?;
    let at = found.iter().rposition(|item| item.equals(wanted));
    Ok(at.map_or(Val::Int(-1), count))
}

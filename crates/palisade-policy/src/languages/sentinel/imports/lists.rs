//! `collection/lists`.

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::{Value, equal};
use super::{Call, NativeEntry};

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("concat", concat),
    NativeEntry::new("diff", difference),
    NativeEntry::new("difference", difference),
    NativeEntry::new("intersection", intersection),
    NativeEntry::new("sort", sort),
    NativeEntry::new("sum", sum),
    NativeEntry::new("union", union),
];

/// The arguments as lists; `None` if one is undefined.
fn lists<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Option<Vec<Vec<Value<'r>>>>> {
    let mut lists = Vec::new();
    for argument in call.arguments {
        match argument {
            Value::List(list) => {
                machine.charge(1 + list.len() as u64 / 8)?;
                lists.push(list.items(machine.arena));
            }
            Value::Undefined => return Ok(None),
            other => return Err(call.wrong("lists", *other)),
        }
    }
    Ok(Some(lists))
}

fn concat<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    if call.arguments.len() < 2 {
        return Err(failed(call.at, "`concat` takes two lists or more"));
    }
    let lists = lists(machine, call)?;
    Ok(lists.map_or(Value::Undefined, |lists| {
        Value::list(machine.arena, lists.into_iter().flatten())
    }))
}

fn holds<'r>(machine: &Machine<'r>, list: &[Value<'r>], wanted: Value<'r>) -> Outcome<bool> {
    machine.charge(1 + list.len() as u64 / 8)?;
    for item in list {
        if equal(machine, *item, wanted)? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The items of the first list for which a test on the others holds, each once if so wished.
fn chosen<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    wanted: fn(&Machine<'r>, &[Vec<Value<'r>>], Value<'r>) -> Outcome<bool>,
) -> Outcome<Value<'r>> {
    let Some(lists) = lists(machine, call)? else {
        return Ok(Value::Undefined);
    };
    let Some((first, others)) = lists.split_first() else {
        return Err(failed(call.at, "this takes one list or more"));
    };
    let mut found = Vec::new();
    for item in first {
        if wanted(machine, others, *item)? {
            found.push(*item);
        }
    }
    Ok(Value::list(machine.arena, found))
}

fn difference<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    chosen(machine, call, |machine, others, item| {
        for other in others {
            if holds(machine, other, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

fn intersection<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let common = chosen(machine, call, |machine, others, item| {
        for other in others {
            if !holds(machine, other, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    unique(machine, common)
}

fn union<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let lists = lists(machine, call)?;
    let all = lists.map_or(Value::Undefined, |lists| {
        Value::list(machine.arena, lists.into_iter().flatten())
    });
    unique(machine, all)
}

fn unique<'r>(machine: &Machine<'r>, list: Value<'r>) -> Outcome<Value<'r>> {
    let Value::List(list) = list else {
        return Ok(list);
    };
    let mut found: Vec<Value<'r>> = Vec::new();
    for item in list.items(machine.arena) {
        if !holds(machine, &found, item)? {
            found.push(item);
        }
    }
    Ok(Value::list(machine.arena, found))
}

/// A merge sort, whose calls of the policy's function may fail and are counted.
fn sort<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [list, function] = call.exactly()?;
    let items = match list {
        Value::List(list) => list.items(machine.arena),
        Value::Undefined => return Ok(Value::Undefined),
        other => return Err(call.wrong("a list", other)),
    };
    // Every item is a list of its own at first, and is copied once more while lists are merged.
    let _held = machine.hold(items.len().saturating_mul(3))?;
    let mut runs: Vec<Vec<Value<'r>>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len() / 2 + 1);
        let mut next = runs.into_iter();
        while let Some(left) = next.next() {
            merged.push(match next.next() {
                Some(right) => merge(machine, call, function, (left, right))?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(Value::list(machine.arena, runs.pop().unwrap_or_default()))
}

fn merge<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    function: Value<'r>,
    (left, right): (Vec<Value<'r>>, Vec<Value<'r>>),
) -> Outcome<Vec<Value<'r>>> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        machine.charge(1)?;
        let after = match machine.call_value(call.at, function, &[*first, *second])? {
            Value::Int(order) => order > 0,
            other => return Err(call.wrong("a function that returns -1, 0 or 1", other)),
        };
        merged.extend(if after { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the sum of numbers is a float by definition"
)]
fn sum<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let list = match call.exactly()? {
        [Value::List(list)] => list,
        [Value::Undefined] => return Ok(Value::Undefined),
        [other] => return Err(call.wrong("a list", other)),
    };
    machine.charge(1 + list.len() as u64 / 8)?;
    let mut sum = 0.0;
    for item in list.items(machine.arena) {
        sum += match item {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            Value::Undefined => return Ok(Value::Undefined),
            other => return Err(call.wrong("numbers", other)),
        };
    }
    Ok(Value::Float(sum))
}

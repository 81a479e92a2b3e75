//! Arrays, and numbers that make long ones.

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::{Builtin, argument, int_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("array.flatten", 1, flatten),
    Builtin::new("numbers.range", 2, range),
    Builtin::new("numbers.range_step", 3, range_step),
];

/// Most numbers in a range.
const MAX_RANGE: i64 = 1_000_000;

fn flatten(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let found = argument(arguments, 0)?;
    let Term::Array(items) = found else {
        return Err(wrong_type(0, "array", found));
    };
    let mut flat = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Term::Array(inner) => flat.extend(inner.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    Ok(Term::Array(flat))
}

fn range(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    numbers(int_argument(arguments, 0)?, int_argument(arguments, 1)?, 1)
}

fn range_step(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    if let Term::Number(Number::Big(digits)) = argument(arguments, 2)?
        && !digits.starts_with('-')
    {
        // A step beyond 64 bits leads out of every range at once.
        let from = int_argument(arguments, 0)?;
        return numbers(from, from, 1);
    }
    let step = int_argument(arguments, 2)?;
    if step <= 0 {
        return Err(Fault::undefined("step must be a positive integer"));
    }
    numbers(
        int_argument(arguments, 0)?,
        int_argument(arguments, 1)?,
        step,
    )
}

fn numbers(from: i64, to: i64, step: i64) -> Result<Term, Fault> {
    let count = to.abs_diff(from) / step.unsigned_abs().max(1);
    if count > MAX_RANGE.unsigned_abs() {
        return Err(Fault::halt(format!(
            "a range of more than {MAX_RANGE} numbers"
        )));
    }
    let step = if to >= from { step } else { -step };
    let mut found = Vec::new();
    let mut at = from;
    while (step > 0 && at <= to) || (step < 0 && at >= to) {
        found.push(Term::int(at));
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Term::Array(found))
}

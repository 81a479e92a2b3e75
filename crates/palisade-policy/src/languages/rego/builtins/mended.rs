//! Builtins that the engine has and answers otherwise than OPA.

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::{Builtin, argument, int_argument, items_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("cast_array", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?;
        Ok(Term::Array(items.to_vec()))
    }),
    Builtin::new("cast_set", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?;
        Ok(Term::set(items.iter().cloned()))
    }),
    Builtin::new("cast_boolean", 1, |arguments, _| cast(arguments, "boolean")),
    Builtin::new("cast_null", 1, |arguments, _| cast(arguments, "null")),
    Builtin::new("cast_object", 1, |arguments, _| cast(arguments, "object")),
    Builtin::new("cast_string", 1, |arguments, _| cast(arguments, "string")),
    Builtin::new("time.add_date", 4, add_date),
];

fn cast(arguments: &[Term], name: &str) -> Result<Term, Fault> {
    let found = argument(arguments, 0)?;
    if found.type_name() == name {
        Ok(found.clone())
    } else {
        Err(wrong_type(0, name, found))
    }
}

/// Days since 1970-01-01 of a day in the calendar; the month is counted from 0 and may lie outside
/// of a year.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = year.checked_add(month.div_euclid(12))?;
    let month = month.rem_euclid(12);
    // Years begin in March, so that the odd day is the last.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5;
    let days = era.checked_mul(146_097)? + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    days.checked_add(day)?.checked_sub(719_468 + 1)
}

/// The year, month (from 0) and day of days since 1970-01-01.
fn calendar(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 {
        (year, month + 2, day)
    } else {
        (year + 1, month - 10, day)
    }
}

/// A day that a month does not have is one of the next month.
fn add_date(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    const DAY: i64 = 86_400_000_000_000;
    let outside = || Fault::undefined("time outside of valid range");
    let moment = match argument(arguments, 0)? {
        Term::Number(Number::Int(moment)) => *moment,
        Term::Array(parts) => match parts.as_slice() {
            [Term::Number(Number::Int(moment)), zone, ..] => match zone.as_text() {
                Some("" | "UTC") => *moment,
                _ => {
                    return Err(Fault::halt(
                        "`time.add_date` in a time zone other than UTC is not supported",
                    ));
                }
            },
            [Term::Number(Number::Int(moment))] => *moment,
            _ => return Err(Fault::undefined("the time must be a number")),
        },
        other => return Err(wrong_type(0, "number", other)),
    };
    let step = |at: usize| {
        let step = int_argument(arguments, at)?;
        i32::try_from(step).map(i64::from).map_err(|_| outside())
    };
    let (year, month, day) = calendar(moment.div_euclid(DAY));
    let found = days(year + step(1)?, month + step(2)?, day + step(3)?);
    let found = found.and_then(|days| days.checked_mul(DAY)?.checked_add(moment.rem_euclid(DAY)));
    Ok(Term::int(found.ok_or_else(outside)?))
}

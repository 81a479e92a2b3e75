//! Functions over moments and durations.

use crate::datum::Datum;
use crate::languages::kyverno::scalars::moment::Moment;
use crate::languages::kyverno::scalars::{build, duration};

use super::SearchError;
use super::functions::{Function, Given, Kind, failure, text};
use super::interpret::{Argument, Interpreter};

const TEXT: &[Kind] = &[Kind::Text];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("time_since", &[TEXT, TEXT, TEXT], since),
    Function::new("time_now", &[], now),
    Function::new("time_now_utc", &[], now),
    Function::new("time_to_cron", &[TEXT], to_cron),
    Function::new("time_add", &[TEXT, TEXT], add),
    Function::new("time_parse", &[TEXT, TEXT], parse),
    Function::new("time_utc", &[TEXT], utc),
    Function::new("time_diff", &[TEXT, TEXT], diff),
    Function::new("time_before", &[TEXT, TEXT], before),
    Function::new("time_after", &[TEXT, TEXT], after),
    Function::new("time_between", &[TEXT, TEXT, TEXT], between),
    Function::new("time_truncate", &[TEXT, TEXT], truncate),
];

fn moment(name: &str, text: &str) -> Result<Moment, SearchError> {
    match Moment::parse(text) {
        Some(moment) => Ok(moment),
        None => failure(name, format!("`{text}` is no moment in RFC 3339")),
    }
}

fn current(name: &str, interpreter: Interpreter<'_, '_>) -> Result<Moment, SearchError> {
    match interpreter.context.effects.now_ns {
        Some(now) => Ok(Moment {
            nanoseconds: i128::from(now),
            offset: 0,
        }),
        None => failure(name, "the time was not handed in"),
    }
}

fn span(name: &str, text: &str) -> Result<i64, SearchError> {
    match duration::parse(text) {
        Some(span) => Ok(span),
        None => failure(name, format!("`{text}` is no duration")),
    }
}

fn written<'a>(interpreter: Interpreter<'_, 'a>, moment: Moment) -> Given<'a> {
    Ok(build::text(interpreter.context.arena, &moment.print()))
}

fn difference<'a>(interpreter: Interpreter<'_, 'a>, from: Moment, to: Moment) -> Given<'a> {
    let nanoseconds =
        (to.nanoseconds - from.nanoseconds).clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    let nanoseconds = i64::try_from(nanoseconds).unwrap_or(i64::MAX);
    let printed = duration::print(nanoseconds);
    Ok(build::text(interpreter.context.arena, &printed))
}

fn since<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let layout = text(arguments, 0);
    let read = |text: &str| {
        if layout.is_empty() {
            return moment("time_since", text);
        }
        match Moment::parse_layout(layout, text) {
            Some(moment) => Ok(moment),
            None => failure("time_since", format!("`{text}` does not fit `{layout}`")),
        }
    };
    let from = read(text(arguments, 1))?;
    let to = match text(arguments, 2) {
        "" => current("time_since", interpreter)?,
        text => read(text)?,
    };
    difference(interpreter, from, to)
}

fn now<'a>(interpreter: Interpreter<'_, 'a>, _: &[Argument<'_, 'a>]) -> Given<'a> {
    written(interpreter, current("time_now_utc", interpreter)?)
}

fn to_cron<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let civil = moment("time_to_cron", text(arguments, 0))?.civil();
    let ((_, month, day), (hour, minute, _)) = (civil.date, civil.time);
    let cron = format!("{minute} {hour} {day} {month} {}", civil.weekday);
    Ok(build::text(interpreter.context.arena, &cron))
}

fn add<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut moment = moment("time_add", text(arguments, 0))?;
    moment.nanoseconds += i128::from(span("time_add", text(arguments, 1))?);
    written(interpreter, moment)
}

fn parse<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (layout, text) = (text(arguments, 0), text(arguments, 1));
    if layout.parse::<i64>().is_ok() {
        let Ok(seconds) = text.parse::<i64>() else {
            return failure("time_parse", format!("`{text}` is no count of seconds"));
        };
        return written(
            interpreter,
            Moment {
                nanoseconds: i128::from(seconds) * 1_000_000_000,
                offset: 0,
            },
        );
    }
    match Moment::parse_layout(layout, text) {
        Some(moment) => written(interpreter, moment),
        None => failure("time_parse", format!("`{text}` does not fit `{layout}`")),
    }
}

fn utc<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let moment = moment("time_utc", text(arguments, 0))?;
    written(
        interpreter,
        Moment {
            offset: 0,
            ..moment
        },
    )
}

fn diff<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let from = moment("time_diff", text(arguments, 0))?;
    difference(interpreter, from, moment("time_diff", text(arguments, 1))?)
}

fn before<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let one = moment("time_before", text(arguments, 0))?;
    let other = moment("time_before", text(arguments, 1))?;
    Ok(Datum::Bool(one.nanoseconds < other.nanoseconds))
}

fn after<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let one = moment("time_after", text(arguments, 0))?;
    let other = moment("time_after", text(arguments, 1))?;
    Ok(Datum::Bool(one.nanoseconds > other.nanoseconds))
}

fn between<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let read = |at| moment("time_between", text(arguments, at)).map(|moment| moment.nanoseconds);
    let (moment, start, end) = (read(0)?, read(1)?, read(2)?);
    Ok(Datum::Bool(start < moment && moment < end))
}

/// Nanoseconds from 0001-01-01, where Go starts to count, to 1970-01-01.
const BEFORE_UNIX: i128 = 62_135_596_800 * 1_000_000_000;

fn truncate<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut moment = moment("time_truncate", text(arguments, 0))?;
    let unit = i128::from(span("time_truncate", text(arguments, 1))?);
    if unit > 0 {
        moment.nanoseconds -= (moment.nanoseconds + BEFORE_UNIX).rem_euclid(unit);
    }
    written(interpreter, moment)
}

//! Moments as RFC 3339 writes them.

use jiff::civil::{Date, Time};

use super::super::term::Term;
use super::super::world::Fault;
use super::{Builtin, text_argument};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("time.parse_rfc3339_ns", 1, |arguments, _| {
    let text = text_argument(arguments, 0)?;
    nanoseconds(text).map(Term::int).ok_or_else(|| {
        Fault::undefined(format!(
            "time.parse_rfc3339_ns: {text:?} is no moment of RFC 3339 in the years 1677 to 2262"
        ))
    })
})];

/// Digits, at least and at most so many, and what follows.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let count = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = text.split_at_checked(count)?;
    (count >= least).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

fn nanoseconds(text: &str) -> Option<i64> {
    let (year, rest) = digits(text, 4, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2, 2)?;
    let (hour, rest) = digits(rest.strip_prefix('T')?, 1, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let (second, mut rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    if second > 59 {
        return None;
    }
    let mut nanosecond = 0;
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let count = after.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, after) = after.split_at_checked(count)?;
        let kept = fraction.get(..count.min(9))?;
        nanosecond = format!("{kept:0<9}").parse().ok()?;
        if kept.is_empty() {
            return None;
        }
        rest = after;
    }
    let offset = match rest {
        "Z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, zone) = digits(zone.strip_prefix(['+', '-'])?, 2, 2)?;
            let (minutes, zone) = digits(zone.strip_prefix(':')?, 2, 2)?;
            if !zone.is_empty() || hours > 24 || minutes > 60 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let date = Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    let time = Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanosecond,
    )
    .ok()?;
    let days = date.since(Date::constant(1970, 1, 1)).ok()?.get_days();
    let seconds = i128::from(days) * 86_400
        + i128::from(time.hour()) * 3600
        + i128::from(time.minute()) * 60
        + i128::from(time.second())
        - i128::from(offset);
    i64::try_from(seconds * 1_000_000_000 + i128::from(nanosecond)).ok()
}

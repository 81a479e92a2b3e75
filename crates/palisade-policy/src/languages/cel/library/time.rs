//! Timestamps and durations: their texts, and the parts of a date in a time zone.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::operators::nanoseconds;
use super::super::overload::{Overload, Type};
use super::super::value::{Moment, Val};
use super::{text, value};

const TIME: &[Type] = &[Type::Timestamp];
const TIME_IN_ZONE: &[Type] = &[Type::Timestamp, Type::Text];
const DURATION: &[Type] = &[Type::Duration];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("getFullYear", TIME, |m, a| {
        part(m, a, |d| i64::from(d.year()))
    }),
    Overload::member("getFullYear", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.year()))
    }),
    Overload::member("getMonth", TIME, |m, a| {
        part(m, a, |d| i64::from(d.month()) - 1)
    }),
    Overload::member("getMonth", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.month()) - 1)
    }),
    Overload::member("getDate", TIME, |m, a| part(m, a, |d| i64::from(d.day()))),
    Overload::member("getDate", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.day()))
    }),
    Overload::member("getDayOfMonth", TIME, |m, a| {
        part(m, a, |d| i64::from(d.day()) - 1)
    }),
    Overload::member("getDayOfMonth", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.day()) - 1)
    }),
    Overload::member("getDayOfYear", TIME, |m, a| part(m, a, day_of_year)),
    Overload::member("getDayOfYear", TIME_IN_ZONE, |m, a| part(m, a, day_of_year)),
    Overload::member("getDayOfWeek", TIME, |m, a| part(m, a, day_of_week)),
    Overload::member("getDayOfWeek", TIME_IN_ZONE, |m, a| part(m, a, day_of_week)),
    Overload::member("getHours", TIME, |m, a| part(m, a, |d| i64::from(d.hour()))),
    Overload::member("getHours", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.hour()))
    }),
    Overload::member("getMinutes", TIME, |m, a| {
        part(m, a, |d| i64::from(d.minute()))
    }),
    Overload::member("getMinutes", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.minute()))
    }),
    Overload::member("getSeconds", TIME, |m, a| {
        part(m, a, |d| i64::from(d.second()))
    }),
    Overload::member("getSeconds", TIME_IN_ZONE, |m, a| {
        part(m, a, |d| i64::from(d.second()))
    }),
    Overload::member("getMilliseconds", TIME, |m, a| part(m, a, milliseconds)),
    Overload::member("getMilliseconds", TIME_IN_ZONE, |m, a| {
        part(m, a, milliseconds)
    }),
    Overload::member("getHours", DURATION, |_, a| whole(a, 3_600_000_000_000)),
    Overload::member("getMinutes", DURATION, |_, a| whole(a, 60_000_000_000)),
    Overload::member("getSeconds", DURATION, |_, a| whole(a, 1_000_000_000)),
    Overload::member("getMilliseconds", DURATION, |_, a| {
        whole(a, 1_000_000).map(|value| match value {
            Val::Int(milliseconds) => Val::Int(milliseconds % 1000),
            other => other,
        })
    }),
];

/// Units of durations, longest name first where one starts another.
const UNITS: [(&str, i128); 8] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
];

/// Reads `1h30m`, `-1.5s`; in nanoseconds.
pub(in super::super) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let (unit, size) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        rest = after.strip_prefix(unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let read = |digits: &str| {
            if digits.is_empty() {
                Ok(0)
            } else {
                digits.parse::<i64>()
            }
        };
        total += i128::from(read(whole).ok()?).checked_mul(*size)?;
        let kept = fraction.get(..fraction.len().min(15))?;
        let scale = 10_i128.checked_pow(u32::try_from(kept.len()).ok()?)?;
        total += i128::from(read(kept).ok()?) * size / scale;
    }
    let total = if negative { -total } else { total };
    // The language's bound: ten thousand years would be more, but these are what fits.
    i64::try_from(total).ok()
}

/// A duration in seconds, such as `90s` and `0.5s`.
pub(in super::super) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    let (seconds, fraction) = (size / 1_000_000_000, size % 1_000_000_000);
    if fraction == 0 {
        return format!("{sign}{seconds}s");
    }
    let digits = format!("{fraction:09}");
    format!("{sign}{seconds}.{}s", digits.trim_end_matches('0'))
}

/// Reads an RFC 3339 time; in nanoseconds since 1970.
pub(in super::super) fn parse_timestamp(text: &str) -> Option<i128> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok())?
    };
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let separated = byte(4) == Some(b'-')
        && byte(7) == Some(b'-')
        && matches!(byte(10), Some(b'T' | b't'))
        && byte(13) == Some(b':')
        && byte(16) == Some(b':');
    if !separated {
        return None;
    }
    let date = jiff::civil::Date::new(
        i16::try_from(number(0, 4)?).ok()?,
        i8::try_from(number(5, 7)?).ok()?,
        i8::try_from(number(8, 10)?).ok()?,
    )
    .ok()?;
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos: i128 = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let kept = after.get(..digits.min(9)).filter(|kept| !kept.is_empty())?;
        nanos = format!("{kept:0<9}").parse().ok()?;
        rest = after.get(digits..)?;
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => fixed_offset(rest)?,
    };
    let days = i64::from(date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days());
    let total = days * 86_400 + hours * 3600 + minutes * 60 + seconds - i64::from(offset);
    Some(i128::from(total) * 1_000_000_000 + nanos)
}

/// `+02:00` in seconds.
fn fixed_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let two = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A timestamp in UTC, with as many digits of its second as it needs.
pub(in super::super) fn timestamp_text(moment: Moment) -> String {
    let Ok(date) = date_of(moment) else {
        return String::new();
    };
    let day = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    let time = format!(
        "{:02}:{:02}:{:02}",
        date.hour(),
        date.minute(),
        date.second()
    );
    if moment.nanos == 0 {
        return format!("{day}T{time}Z");
    }
    let digits = format!("{:09}", moment.nanos);
    format!("{day}T{time}.{}Z", digits.trim_end_matches('0'))
}

fn timestamp(moment: Moment) -> Option<jiff::Timestamp> {
    let nanos = i32::try_from(moment.nanos).ok()?;
    jiff::Timestamp::new(moment.seconds, nanos).ok()
}

/// The date and time of a moment in UTC.
pub(super) fn date_of(moment: Moment) -> Result<DateTime, Fault> {
    let civil = || {
        let days = jiff::Span::new()
            .try_days(moment.seconds.div_euclid(86_400))
            .ok()?;
        let date = jiff::civil::date(1970, 1, 1).checked_add(days).ok()?;
        let second = i32::try_from(moment.seconds.rem_euclid(86_400)).ok()?;
        let part = |value: i32| i8::try_from(value).ok();
        let (hour, minute) = (part(second / 3600)?, part(second / 60 % 60)?);
        let nanos = i32::try_from(moment.nanos).ok()?;
        Some(date.at(hour, minute, part(second % 60)?, nanos))
    };
    civil().ok_or_else(|| Fault::new("timestamp overflow"))
}

fn part<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    read: fn(DateTime) -> i64,
) -> Result<Val<'v>, Fault> {
    let Val::Timestamp(moment) = value(arguments, 0)? else {
        return Err(Fault::no_overload());
    };
    if arguments.len() < 2 {
        return date_of(moment).map(|date| Val::Int(read(date)));
    }
    machine.context.meter.charge(10)?;
    let zone = zone(text(arguments, 1)?)?;
    let timestamp = timestamp(moment).ok_or_else(|| Fault::new("timestamp overflow"))?;
    Ok(Val::Int(read(zone.to_datetime(timestamp))))
}

fn zone(name: &str) -> Result<TimeZone, Fault> {
    let unknown = || Fault::new(format!("unknown time zone `{name}`"));
    if let Some(seconds) = fixed_offset(name) {
        let offset = Offset::from_seconds(seconds).map_err(|_| unknown())?;
        return Ok(TimeZone::fixed(offset));
    }
    if name.is_empty() || name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| unknown())
}

fn day_of_year(date: DateTime) -> i64 {
    i64::from(date.day_of_year()) - 1
}

pub(super) fn day_of_week(date: DateTime) -> i64 {
    i64::from(date.weekday().to_sunday_zero_offset())
}

fn milliseconds(date: DateTime) -> i64 {
    i64::from(date.millisecond())
}

fn whole<'v>(arguments: &[Val<'v>], unit: i64) -> Result<Val<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Duration(nanoseconds) => Ok(Val::Int(nanoseconds / unit)),
        _ => Err(Fault::no_overload()),
    }
}

/// A moment cut down to a multiple of a duration since the year one, as Go counts.
pub(super) fn truncate(moment: Moment, duration: i64) -> Result<Moment, Fault> {
    if duration <= 0 {
        return Ok(moment);
    }
    let since_year_one = nanoseconds(moment) + 62_135_596_800 * 1_000_000_000;
    let cut = since_year_one.rem_euclid(i128::from(duration));
    super::super::operators::moment(nanoseconds(moment) - cut)
}

//! `time`: moments and durations in nanoseconds.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::super::evaluation::{At, Machine, Outcome, failed};
use super::super::value::Value;
use super::{Call, Instance, NativeEntry};

/// A moment with the offset that it was written in.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Moment {
    at: Timestamp,
    offset: Offset,
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Moment {
    pub(super) fn shown(&self) -> String {
        self.at.display_with_offset(self.offset).to_string()
    }
}

pub(super) static FUNCTIONS: &[NativeEntry] = &[NativeEntry::new("load", load)];

pub(super) static METHODS: &[NativeEntry] = &[
    NativeEntry::new("before", |_, call| compare(call, |own, other| own < other)),
    NativeEntry::new("after", |_, call| compare(call, |own, other| own > other)),
    NativeEntry::new("equal", |_, call| compare(call, |own, other| own == other)),
    NativeEntry::new("add", add),
    NativeEntry::new("sub", sub),
];

pub(super) fn constant<'r>(
    machine: &Machine<'r>,
    at: At<'r>,
    name: &str,
) -> Outcome<Option<Value<'r>>> {
    let nanoseconds: i64 = match name {
        "now" => return now(machine, at).map(Some),
        "nanosecond" => 1,
        "microsecond" => 1_000,
        "millisecond" => 1_000_000,
        "second" => 1_000_000_000,
        "minute" => 60 * 1_000_000_000,
        "hour" => 3600 * 1_000_000_000,
        // Older texts ask the import itself: `time.hour` is taken, the rest is of now.
        "day" | "month" | "month_name" | "weekday" | "weekday_name" | "year" | "unix" => {
            let Value::Instance(moment) = now(machine, at)? else {
                return Ok(None);
            };
            return Ok(moment.select(machine, name));
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Int(nanoseconds)))
}

fn now<'r>(machine: &Machine<'r>, at: At<'r>) -> Outcome<Value<'r>> {
    let moment = machine.context.effects.now_ns.and_then(|nanoseconds| {
        let at = Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()?;
        let offset = Offset::UTC;
        Some(Moment { at, offset })
    });
    match moment {
        Some(moment) => Ok(instance(machine, moment)),
        None => Err(failed(
            at,
            "the policy asks for the time, which it is not given here",
        )),
    }
}

fn instance<'r>(machine: &Machine<'r>, moment: Moment) -> Value<'r> {
    Value::Instance(machine.arena.alloc(Instance::Moment(moment)))
}

pub(super) fn field<'r>(machine: &Machine<'r>, moment: &Moment, name: &str) -> Option<Value<'r>> {
    let zoned = moment.at.to_zoned_datetime(TimeZone::fixed(moment.offset));
    let text = |format: &str| {
        Some(Value::text(
            machine.arena,
            &zoned.strftime(format).to_string(),
        ))
    };
    let number = match name {
        "hour" => i64::from(zoned.hour()),
        "minute" => i64::from(zoned.minute()),
        "second" => i64::from(zoned.second()),
        "day" => i64::from(zoned.day()),
        "month" => i64::from(zoned.month()),
        "month_name" => return text("%B"),
        "weekday" => i64::from(zoned.weekday().to_sunday_zero_offset()),
        "weekday_name" => return text("%A"),
        "year" => i64::from(zoned.year()),
        "unix" => moment.at.as_second(),
        "unix_nano" => i64::try_from(moment.at.as_nanosecond()).ok()?,
        "zone" => i64::from(moment.offset.seconds()),
        "zone_string" => return text("%:z"),
        _ => return None,
    };
    Some(Value::Int(number))
}

/// A moment out of seconds since 1970, an RFC 3339 text or another moment.
fn moment<'r>(call: &Call<'_, 'r>, value: Value<'r>) -> Outcome<Option<Moment>> {
    let found = match value {
        Value::Undefined => return Ok(None),
        Value::Instance(Instance::Moment(moment)) => Some(*moment),
        Value::Int(seconds) => Timestamp::from_second(seconds).ok().map(|at| Moment {
            at,
            offset: Offset::UTC,
        }),
        Value::Text(text) => parse(text),
        _ => None,
    };
    found.map(Some).ok_or_else(|| {
        let sentence = "this is no moment; give seconds since 1970 or a time as RFC 3339 writes it";
        failed(call.at, sentence)
    })
}

fn parse(text: &str) -> Option<Moment> {
    let at = text.parse::<Timestamp>().ok()?;
    let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    Some(Moment { at, offset })
}

fn own(call: &Call<'_, '_>) -> Option<Moment> {
    match call.receiver {
        Some(Instance::Moment(moment)) => Some(*moment),
        _ => None,
    }
}

fn load<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let moment = moment(call, value)?;
    Ok(moment.map_or(Value::Undefined, |moment| instance(machine, moment)))
}

fn compare<'r>(call: &Call<'_, 'r>, test: fn(Timestamp, Timestamp) -> bool) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let other = moment(call, value)?;
    Ok(match (own(call), other) {
        (Some(own), Some(other)) => Value::Bool(test(own.at, other.at)),
        _ => Value::Undefined,
    })
}

fn add<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let nanoseconds = match call.exactly()? {
        [Value::Int(nanoseconds)] => nanoseconds,
        [Value::Float(nanoseconds)] => whole(nanoseconds),
        [Value::Undefined] => return Ok(Value::Undefined),
        [other] => return Err(call.wrong("a duration in nanoseconds", other)),
    };
    let duration = jiff::SignedDuration::from_nanos(nanoseconds);
    let moved = own(call).and_then(|own| {
        let at = own.at.checked_add(duration).ok()?;
        Some(Moment { at, ..own })
    });
    match moved {
        Some(moved) => Ok(instance(machine, moved)),
        None => Err(failed(
            call.at,
            "the moment is outside of the years that are known",
        )),
    }
}

/// A float without what is behind its point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and a moment that far is refused"
)]
fn whole(nanoseconds: f64) -> i64 {
    nanoseconds as i64
}

fn sub<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let (Some(own), Some(other)) = (own(call), moment(call, value)?) else {
        return Ok(Value::Undefined);
    };
    let nanoseconds = own.at.as_nanosecond() - other.at.as_nanosecond();
    match i64::try_from(nanoseconds) {
        Ok(nanoseconds) => Ok(Value::Int(nanoseconds)),
        Err(_) => Err(failed(call.at, "the duration does not fit 64 bits")),
    }
}

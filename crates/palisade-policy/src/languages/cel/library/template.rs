//! `"…".format([…])`.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::conversions::{double_text, text_of};
use super::{text, value};

/// Most digits after the point.
const MAX_PRECISION: usize = 1000;

pub(super) const OVERLOADS: &[Overload] = &[Overload::member(
    "format",
    &[Type::Text, Type::List],
    format,
)];

fn format<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let template = text(arguments, 0)?;
    let values: Vec<Val<'v>> = value(arguments, 1)?.items().collect();
    let mut written = String::with_capacity(template.len());
    let mut next = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        written.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            written.push('%');
            rest = after;
            continue;
        }
        let (precision, after) = precision(after)?;
        let verb = after
            .chars()
            .next()
            .ok_or_else(|| Fault::new("unexpected end of format string"))?;
        let argument = *values
            .get(next)
            .ok_or_else(|| Fault::new(format!("index {next} out of range")))?;
        next += 1;
        written.push_str(&verbalise(verb, precision, argument)?);
        machine.context.charge(1 + written.len() as u64 / 4096)?;
        machine.context.meter.check_memory(written.len())?;
        rest = after.get(verb.len_utf8()..).unwrap_or("");
    }
    written.push_str(rest);
    machine.new_text(&written)
}

fn precision(after: &str) -> Result<(Option<usize>, &str), Fault> {
    let Some(digits) = after.strip_prefix('.') else {
        return Ok((None, after));
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let number: usize = number
        .parse()
        .map_err(|_| Fault::new("error while parsing precision"))?;
    if number > MAX_PRECISION {
        return Err(Fault::new(format!(
            "a precision is at most {MAX_PRECISION}"
        )));
    }
    Ok((Some(number), rest))
}

fn verbalise(verb: char, precision: Option<usize>, value: Val<'_>) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(format!(
            "`%{verb}` does not take a value of type {}",
            value.type_name()
        ))
    };
    match verb {
        's' => shown(value),
        'd' => match value {
            Val::Int(_) | Val::Uint(_) => text_of(value),
            Val::Double(value) if !value.is_finite() => Ok(endless(value)),
            _ => Err(wrong()),
        },
        'f' => match number(value) {
            Some(value) if !value.is_finite() => Ok(endless(value)),
            Some(value) => Ok(format!("{value:.*}", precision.unwrap_or(6))),
            None => Err(wrong()),
        },
        'e' => match number(value) {
            Some(value) if !value.is_finite() => Ok(endless(value)),
            Some(value) => Ok(scientific(value, precision.unwrap_or(6))),
            None => Err(wrong()),
        },
        'b' => match value {
            Val::Int(value) => Ok(signed(value, |size| format!("{size:b}"))),
            Val::Uint(value) => Ok(format!("{value:b}")),
            Val::Bool(value) => Ok(u8::from(value).to_string()),
            _ => Err(wrong()),
        },
        'o' => match value {
            Val::Int(value) => Ok(signed(value, |size| format!("{size:o}"))),
            Val::Uint(value) => Ok(format!("{value:o}")),
            _ => Err(wrong()),
        },
        'x' | 'X' => {
            let lower = match value {
                Val::Int(value) => signed(value, |size| format!("{size:x}")),
                Val::Uint(value) => format!("{value:x}"),
                Val::Text(text) => hexadecimal(text.as_bytes()),
                Val::Bytes(bytes) => hexadecimal(bytes),
                _ => return Err(wrong()),
            };
            Ok(if verb == 'X' {
                lower.to_ascii_uppercase()
            } else {
                lower
            })
        }
        other => Err(Fault::new(format!(
            "could not parse formatting clause: unrecognized formatting clause `{other}`"
        ))),
    }
}

fn signed(value: i64, write: fn(u64) -> String) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", write(value.unsigned_abs()))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "the verb writes a double")]
fn number(value: Val<'_>) -> Option<f64> {
    match value {
        Val::Double(value) => Some(value),
        Val::Int(value) => Some(value as f64),
        Val::Uint(value) => Some(value as f64),
        _ => None,
    }
}

fn endless(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}

/// A value as `%s` writes it.
pub(in super::super) fn shown(value: Val<'_>) -> Result<String, Fault> {
    if value.is_list() {
        let mut items = Vec::new();
        for item in value.items() {
            items.push(shown(item)?);
        }
        return Ok(format!("[{}]", items.join(", ")));
    }
    if value.is_map() {
        let mut entries = Vec::new();
        for (key, value) in value.entries() {
            entries.push(format!("{}: {}", shown(key)?, shown(value)?));
        }
        entries.sort();
        return Ok(format!("{{{}}}", entries.join(", ")));
    }
    match value {
        Val::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Val::Double(value) if !value.is_finite() => Ok(endless(value)),
        Val::Double(value) => Ok(double_text(value)),
        other => text_of(other).map_err(|_| {
            Fault::new(format!(
                "`%s` does not take a value of type {}",
                other.type_name()
            ))
        }),
    }
}

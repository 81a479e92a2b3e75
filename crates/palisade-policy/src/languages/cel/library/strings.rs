//! Texts: the language's own functions and the string extension.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{count, int, text, value};

const T: &[Type] = &[Type::Text];
const TT: &[Type] = &[Type::Text, Type::Text];
const TI: &[Type] = &[Type::Text, Type::Int];
const TTI: &[Type] = &[Type::Text, Type::Text, Type::Int];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("contains", TT, |m, a| {
        test(m, a, |s, part| s.contains(part))
    }),
    Overload::member("startsWith", TT, |m, a| {
        test(m, a, |s, part| s.starts_with(part))
    }),
    Overload::member("endsWith", TT, |m, a| {
        test(m, a, |s, part| s.ends_with(part))
    }),
    Overload::member("charAt", TI, char_at),
    Overload::member("indexOf", TT, |m, a| index_of(m, a, Side::First)),
    Overload::member("indexOf", TTI, |m, a| index_of(m, a, Side::First)),
    Overload::member("lastIndexOf", TT, |m, a| index_of(m, a, Side::Last)),
    Overload::member("lastIndexOf", TTI, |m, a| index_of(m, a, Side::Last)),
    Overload::member("join", &[Type::List], join),
    Overload::member("join", &[Type::List, Type::Text], join),
    Overload::member("lowerAscii", T, |m, a| {
        m.new_text(&text(a, 0)?.to_ascii_lowercase())
    }),
    Overload::member("upperAscii", T, |m, a| {
        m.new_text(&text(a, 0)?.to_ascii_uppercase())
    }),
    Overload::member("replace", &[Type::Text, Type::Text, Type::Text], replace),
    Overload::member(
        "replace",
        &[Type::Text, Type::Text, Type::Text, Type::Int],
        replace,
    ),
    Overload::member("split", TT, split),
    Overload::member("split", TTI, split),
    Overload::member("substring", TI, substring),
    Overload::member("substring", &[Type::Text, Type::Int, Type::Int], substring),
    Overload::member("trim", T, |_, a| Ok(Val::Text(text(a, 0)?.trim()))),
    Overload::member("reverse", T, |m, a| {
        m.new_text(&text(a, 0)?.chars().rev().collect::<String>())
    }),
    Overload::global("strings.quote", T, quote),
];

/// Which occurrence is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Last,
}

fn charge(machine: &Machine<'_>, text: &str) -> Result<(), Fault> {
    Ok(machine.context.charge(text.len() as u64 / 512)?)
}

fn test<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    holds: fn(&str, &str) -> bool,
) -> Result<Val<'v>, Fault> {
    let whole = text(arguments, 0)?;
    charge(machine, whole)?;
    Ok(Val::Bool(holds(whole, text(arguments, 1)?)))
}

fn out_of_range(index: i64) -> Fault {
    Fault::new(format!("index out of range: {index}"))
}

/// The byte at which the character of an index starts; the length for the index after the last.
fn offset(text: &str, index: i64) -> Result<usize, Fault> {
    let wanted = usize::try_from(index).map_err(|_| out_of_range(index))?;
    if text.is_ascii() {
        return (wanted <= text.len())
            .then_some(wanted)
            .ok_or_else(|| out_of_range(index));
    }
    let starts = text.char_indices().map(|(at, _)| at);
    starts
        .chain([text.len()])
        .nth(wanted)
        .ok_or_else(|| out_of_range(index))
}

fn char_at<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, index) = (text(arguments, 0)?, int(arguments, 1)?);
    charge(machine, whole)?;
    let rest = whole.get(offset(whole, index)?..).unwrap_or("");
    let length = rest.chars().next().map_or(0, char::len_utf8);
    Ok(Val::Text(rest.get(..length).unwrap_or("")))
}

fn index_of<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    side: Side,
) -> Result<Val<'v>, Fault> {
    let (whole, part) = (text(arguments, 0)?, text(arguments, 1)?);
    charge(machine, whole)?;
    let given = match arguments.get(2) {
        Some(_) => Some(int(arguments, 2)?),
        None => None,
    };
    if part.is_empty() && given.is_none() {
        let all = whole.chars().count();
        return Ok(count(if side == Side::First { 0 } else { all }));
    }
    let found = match (side, given) {
        (Side::First, given) => {
            let from = match given {
                Some(index) => offset(whole, index)?,
                None => 0,
            };
            let rest = whole.get(from..).unwrap_or("");
            rest.find(part).map(|at| at + from)
        }
        (Side::Last, None) => whole.rfind(part),
        (Side::Last, Some(index)) => {
            let start = offset(whole, index)?;
            let end = (start + part.len()).min(whole.len());
            let end = (0..=end).rev().find(|at| whole.is_char_boundary(*at));
            let before = whole.get(..end.unwrap_or(0)).unwrap_or("");
            before.rfind(part).filter(|at| *at <= start)
        }
    };
    Ok(match found {
        Some(at) => count(whole.get(..at).unwrap_or("").chars().count()),
        None => Val::Int(-1),
    })
}

fn join<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let separator = match arguments.get(1) {
        Some(_) => text(arguments, 1)?,
        None => "",
    };
    let mut joined = String::new();
    for (at, item) in value(arguments, 0)?.items().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        joined.push_str(item.as_text().ok_or_else(Fault::no_overload)?);
        machine.context.meter.charge(1)?;
        bounded(machine, joined.len())?;
    }
    machine.new_text(&joined)
}

/// Stops a text from growing over the memory that the evaluation may use.
fn bounded(machine: &Machine<'_>, length: usize) -> Result<(), Fault> {
    let used = machine
        .context
        .arena
        .allocated_bytes()
        .saturating_add(length);
    Ok(machine.context.meter.check_memory(used)?)
}

fn replace<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, from, to) = (
        text(arguments, 0)?,
        text(arguments, 1)?,
        text(arguments, 2)?,
    );
    let most = match arguments.get(3) {
        Some(_) => usize::try_from(int(arguments, 3)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    charge(machine, whole)?;
    let times = if from.is_empty() {
        whole.chars().count() + 1
    } else {
        whole.matches(from).count()
    };
    let grown = whole.len() + times.min(most).saturating_mul(to.len());
    bounded(machine, grown)?;
    machine.new_text(&whole.replacen(from, to, most))
}

fn split<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, separator) = (text(arguments, 0)?, text(arguments, 1)?);
    let most = match arguments.get(2) {
        Some(_) => int(arguments, 2)?,
        None => -1,
    };
    charge(machine, whole)?;
    if most == 0 {
        return machine.new_list(&[]);
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let parts: Vec<Val<'v>> = if separator.is_empty() {
        let mut parts = Vec::new();
        let mut rest = whole;
        while let Some(letter) = rest.chars().next() {
            if parts.len() + 1 >= limit {
                break;
            }
            let (one, after) = rest.split_at(letter.len_utf8());
            parts.push(Val::Text(one));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Val::Text(rest));
        }
        parts
    } else {
        whole.splitn(limit, separator).map(Val::Text).collect()
    };
    machine.new_list(&parts)
}

fn substring<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, start) = (text(arguments, 0)?, int(arguments, 1)?);
    charge(machine, whole)?;
    let from = offset(whole, start)?;
    let to = match arguments.get(2) {
        Some(_) => offset(whole, int(arguments, 2)?)?,
        None => whole.len(),
    };
    whole
        .get(from..to)
        .map(Val::Text)
        .ok_or_else(|| Fault::new(format!("invalid substring range: it starts at {start}")))
}

fn quote<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let mut quoted = String::from("\"");
    for letter in text(arguments, 0)?.chars() {
        match letter {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    machine.new_text(&quoted)
}

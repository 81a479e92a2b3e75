//! Regular expressions: `matches`, Kubernetes' `find` and `findAll`, and the regex extension.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{int, text};

const TT: &[Type] = &[Type::Text, Type::Text];
const TTI: &[Type] = &[Type::Text, Type::Text, Type::Int];

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("matches", TT, matches),
    Overload::global("matches", TT, matches),
    Overload::global(
        "regex.replace",
        &[Type::Text, Type::Text, Type::Text],
        replace,
    ),
    Overload::global(
        "regex.replace",
        &[Type::Text, Type::Text, Type::Text, Type::Int],
        replace,
    ),
    Overload::global("regex.extract", TT, extract),
    Overload::global("regex.extractAll", TT, extract_all),
];

pub(super) const KUBERNETES: &[Overload] = &[
    Overload::member("find", TT, find),
    Overload::member("findAll", TT, find_all),
    Overload::member("findAll", TTI, find_all),
];

/// The text and the compiled pattern of a call.
fn prepared<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
) -> Result<(&'v str, std::borrow::Cow<'v, regex::Regex>), Fault> {
    let (whole, pattern) = (text(arguments, 0)?, text(arguments, 1)?);
    let steps = (whole.len() as u64 / 64) * (1 + pattern.len() as u64 / 64);
    machine.context.charge(1 + steps)?;
    Ok((whole, machine.regex(pattern)?))
}

fn matches<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    Ok(Val::Bool(regex.is_match(whole)))
}

fn find<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    let found = regex.find(whole).map_or("", |found| found.as_str());
    Ok(Val::Text(found))
}

fn find_all<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    let most = match arguments.get(2) {
        Some(_) => usize::try_from(int(arguments, 2)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let found = regex.find_iter(whole).take(most);
    let found: Vec<Val<'v>> = found.map(|found| Val::Text(found.as_str())).collect();
    machine.new_list(&found)
}

/// A match's only group, or all of it; more groups are a mistake.
fn group<'v>(captures: &regex::Captures<'v>) -> Option<&'v str> {
    let at = usize::from(captures.len() > 1);
    captures.get(at).map(|found| found.as_str())
}

fn one_group(regex: &regex::Regex) -> Result<(), Fault> {
    if regex.captures_len() > 2 {
        return Err(Fault::new("the regular expression has more than one group"));
    }
    Ok(())
}

fn extract<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    one_group(&regex)?;
    let found = regex.captures(whole).and_then(|captures| group(&captures));
    Ok(machine.optional(found.map(Val::Text)))
}

fn extract_all<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    one_group(&regex)?;
    // A group that matches nothing is left out.
    let has_group = regex.captures_len() > 1;
    let found = regex.captures_iter(whole);
    let found: Vec<Val<'v>> = found
        .filter_map(|captures| group(&captures))
        .filter(|found| !(has_group && found.is_empty()))
        .map(Val::Text)
        .collect();
    machine.new_list(&found)
}

fn replace<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (whole, regex) = prepared(machine, arguments)?;
    let replacement = replacement(text(arguments, 2)?, regex.captures_len())?;
    let most = match arguments.get(3) {
        Some(_) => int(arguments, 3)?,
        None => -1,
    };
    if most == 0 {
        return Ok(Val::Text(whole));
    }
    // The engine's zero stands for "all".
    let most = usize::try_from(most).unwrap_or(0);
    machine.new_text(&regex.replacen(whole, most, replacement.as_str()))
}

/// RE2's `\1` in the engine's own form; a `$` is only a dollar.
fn replacement(text: &str, groups: usize) -> Result<String, Fault> {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => written.push_str("$$"),
            '\\' => match letters.next() {
                Some('\\') => written.push('\\'),
                Some(digit) if digit.is_ascii_digit() => {
                    let group = digit.to_digit(10).unwrap_or(0) as usize;
                    if group >= groups {
                        let message = format!("the regular expression has no group {group}");
                        return Err(Fault::new(message));
                    }
                    written.push_str("${");
                    written.push(digit);
                    written.push('}');
                }
                _ => {
                    return Err(Fault::new(
                        "a backslash in a replacement is followed by a digit or a backslash",
                    ));
                }
            },
            other => written.push(other),
        }
    }
    Ok(written)
}

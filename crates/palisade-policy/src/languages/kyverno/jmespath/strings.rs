//! Functions over texts.

use crate::datum::Datum;
use crate::languages::kyverno::images::Image;
use crate::languages::kyverno::scalars::{build, wildcard};

use super::functions::{Function, Given, Kind, failure, number, text, value};
use super::interpret::{Argument, Interpreter};

const TEXT: &[Kind] = &[Kind::Text];
const NUMBER: &[Kind] = &[Kind::Number];
const EITHER: &[Kind] = &[Kind::Text, Kind::Number];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("starts_with", &[TEXT, TEXT], starts_with),
    Function::new("ends_with", &[TEXT, TEXT], ends_with),
    Function::new("join", &[TEXT, &[Kind::Texts]], join),
    Function::new("compare", &[TEXT, TEXT], compare),
    Function::new("equal_fold", &[TEXT, TEXT], equal_fold),
    Function::new("replace", &[TEXT, TEXT, TEXT, NUMBER], replace),
    Function::new("replace_all", &[TEXT, TEXT, TEXT], replace_all),
    Function::new("to_upper", &[TEXT], to_upper),
    Function::new("to_lower", &[TEXT], to_lower),
    Function::new("trim", &[TEXT, TEXT], trim),
    Function::new("trim_prefix", &[TEXT, TEXT], trim_prefix),
    Function::new("split", &[TEXT, TEXT], split),
    Function::new(
        "regex_replace_all",
        &[TEXT, EITHER, EITHER],
        regex_replace_all,
    ),
    Function::new(
        "regex_replace_all_literal",
        &[TEXT, EITHER, EITHER],
        regex_replace_all_literal,
    ),
    Function::new("regex_match", &[TEXT, EITHER], regex_match),
    Function::new("pattern_match", &[TEXT, EITHER], pattern_match),
    Function::new("truncate", &[TEXT, NUMBER], truncate),
    Function::new("path_canonicalize", &[TEXT], path_canonicalize),
    Function::new("semver_compare", &[TEXT, TEXT], semver_compare),
    Function::new("image_normalize", &[TEXT], image_normalize),
    Function::new("is_external_url", &[TEXT], is_external_url),
];

/// Largest compiled regular expression.
const MAX_REGEX_BYTES: usize = 1 << 20;

fn made<'a>(interpreter: Interpreter<'_, 'a>, text: &str) -> Given<'a> {
    interpreter.context.charge(text.len() as u64 / 64)?;
    Ok(build::text(interpreter.context.arena, text))
}

fn starts_with<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(Datum::Bool(
        text(arguments, 0).starts_with(text(arguments, 1)),
    ))
}

fn ends_with<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(Datum::Bool(
        text(arguments, 0).ends_with(text(arguments, 1)),
    ))
}

fn join<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let parts: Vec<_> = value(arguments, 1)
        .items()
        .filter_map(Datum::as_text)
        .collect();
    made(interpreter, &parts.join(text(arguments, 0)))
}

fn compare<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let order = text(arguments, 0).cmp(text(arguments, 1));
    Ok(Datum::Int(order as i64))
}

fn equal_fold<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let fold = |at| text(arguments, at).to_lowercase();
    Ok(Datum::Bool(fold(0) == fold(1)))
}

fn replace<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let [whole, old, new] = [0, 1, 2].map(|at| text(arguments, at));
    let count = number(arguments, 3);
    check_growth(interpreter, whole, old, new)?;
    if count < 0.0 {
        return made(interpreter, &whole.replace(old, new));
    }
    made(interpreter, &whole.replacen(old, new, whole_number(count)))
}

fn replace_all<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let [whole, old, new] = [0, 1, 2].map(|at| text(arguments, at));
    check_growth(interpreter, whole, old, new)?;
    made(interpreter, &whole.replace(old, new))
}

/// A replacement that would outgrow the memory is refused before it is made.
fn check_growth(
    interpreter: Interpreter<'_, '_>,
    whole: &str,
    old: &str,
    new: &str,
) -> Result<(), super::SearchError> {
    let places = whole.len() / old.len().max(1) + 1;
    let grown = whole.len().saturating_add(places.saturating_mul(new.len()));
    Ok(interpreter.context.meter.check_memory(grown)?)
}

fn to_upper<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    made(interpreter, &text(arguments, 0).to_uppercase())
}

fn to_lower<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    made(interpreter, &text(arguments, 0).to_lowercase())
}

fn trim<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let set = text(arguments, 1);
    let trimmed = text(arguments, 0).trim_matches(|one| set.contains(one));
    Ok(Datum::Text(trimmed))
}

fn trim_prefix<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let whole = text(arguments, 0);
    let rest = whole.strip_prefix(text(arguments, 1));
    Ok(Datum::Text(rest.unwrap_or(whole)))
}

fn split<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (whole, separator) = (text(arguments, 0), text(arguments, 1));
    let parts: Vec<_> = if separator.is_empty() {
        let ends = whole.char_indices();
        ends.filter_map(|(at, one)| whole.get(at..at + one.len_utf8()))
            .map(Datum::Text)
            .collect()
    } else {
        whole.split(separator).map(Datum::Text).collect()
    };
    Ok(build::list(interpreter.context.arena, parts))
}

/// Compiles a regular expression within bounds.
fn regex(function: &str, pattern: &str) -> Result<regex::Regex, super::SearchError> {
    let built = regex::RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX_BYTES)
        .build();
    built.or_else(|error| {
        failure(
            function,
            format!("`{pattern}` is no regular expression: {error}"),
        )
    })
}

/// A text, or a number as text.
fn loose<'a>(interpreter: Interpreter<'_, 'a>, value: Datum<'a>) -> &'a str {
    value
        .as_text()
        .unwrap_or_else(|| interpreter.context.arena.alloc_str(&build::sprint(value)))
}

fn regex_replace_all<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let regex = regex("regex_replace_all", text(arguments, 0))?;
    let source = loose(interpreter, value(arguments, 1));
    let replacement = loose(interpreter, value(arguments, 2));
    interpreter.context.charge(source.len() as u64)?;
    check_growth(interpreter, source, "", replacement)?;
    made(interpreter, &regex.replace_all(source, replacement))
}

fn regex_replace_all_literal<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let regex = regex("regex_replace_all_literal", text(arguments, 0))?;
    let source = loose(interpreter, value(arguments, 1));
    let replacement = loose(interpreter, value(arguments, 2));
    interpreter.context.charge(source.len() as u64)?;
    check_growth(interpreter, source, "", replacement)?;
    let replaced = regex.replace_all(source, regex::NoExpand(replacement));
    made(interpreter, &replaced)
}

fn regex_match<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let regex = regex("regex_match", text(arguments, 0))?;
    let source = loose(interpreter, value(arguments, 1));
    interpreter.context.charge(1 + source.len() as u64 / 16)?;
    Ok(Datum::Bool(regex.is_match(source)))
}

fn pattern_match<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let source = loose(interpreter, value(arguments, 1));
    Ok(Datum::Bool(wildcard::matches(text(arguments, 0), source)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count; the cast saturates"
)]
fn whole_number(value: f64) -> usize {
    value.max(0.0) as usize
}

fn truncate<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let most = whole_number(number(arguments, 1));
    let kept: String = text(arguments, 0).chars().take(most).collect();
    made(interpreter, &kept)
}

fn path_canonicalize<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let path = text(arguments, 0);
    if path.is_empty() {
        return Ok(Datum::Text(""));
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    let canonical = match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    };
    made(interpreter, &canonical)
}

fn semver_compare<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let version = semver::Version::parse(text(arguments, 0));
    let version = version.unwrap_or_else(|_| semver::Version::new(0, 0, 0));
    let Some(found) = in_range(&version, text(arguments, 1)) else {
        let range = text(arguments, 1);
        return failure(
            "semver_compare",
            format!("`{range}` is no range of versions"),
        );
    };
    Ok(Datum::Bool(found))
}

/// Whether a version is in a range such as `>=1.2.0 <2.0.0 || 3.x`.
pub(crate) fn in_range(version: &semver::Version, range: &str) -> Option<bool> {
    let mut any = false;
    for alternative in range.split("||") {
        let mut all = true;
        let mut conditions = 0;
        for condition in alternative.split_whitespace() {
            conditions += 1;
            all &= condition_holds(version, condition)?;
        }
        if conditions == 0 {
            return None;
        }
        any |= all;
    }
    Some(any)
}

fn condition_holds(version: &semver::Version, condition: &str) -> Option<bool> {
    let end = condition.find(|one: char| one.is_ascii_digit() || matches!(one, 'x' | 'X' | '*'))?;
    let (operator, bound) = condition.split_at(end);
    let parts: Vec<&str> = bound.split('.').collect();
    let open = parts.iter().any(|part| matches!(*part, "x" | "X" | "*"));
    let part = |at: usize| match parts.get(at) {
        None | Some(&("x" | "X" | "*")) => Some(0),
        Some(text) => text.parse().ok(),
    };
    if open {
        let low = semver::Version::new(part(0)?, part(1)?, part(2)?);
        let high = match parts.get(1) {
            Some(&("x" | "X" | "*")) | None => semver::Version::new(part(0)? + 1, 0, 0),
            Some(_) => semver::Version::new(part(0)?, part(1)? + 1, 0),
        };
        let inside = *version >= low && *version < high;
        return match operator {
            "" | "=" | "==" => Some(inside),
            "!" | "!=" => Some(!inside),
            ">=" => Some(*version >= low),
            ">" => Some(*version >= high),
            "<" => Some(*version < low),
            "<=" => Some(*version < high),
            _ => None,
        };
    }
    let bound = semver::Version::parse(bound).ok()?;
    let order = version.cmp_precedence(&bound);
    match operator {
        "" | "=" | "==" => Some(order.is_eq()),
        "!" | "!=" => Some(order.is_ne()),
        ">" => Some(order.is_gt()),
        ">=" => Some(order.is_ge()),
        "<" => Some(order.is_lt()),
        "<=" => Some(order.is_le()),
        _ => None,
    }
}

fn image_normalize<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let image = text(arguments, 0);
    match Image::parse(image) {
        Some(image) => made(interpreter, &image.reference()),
        None => failure(
            "image_normalize",
            format!("`{image}` is no image reference"),
        ),
    }
}

fn is_external_url<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let url = text(arguments, 0);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => Ok(Datum::Bool(
            !(address.is_loopback() || address.is_private()),
        )),
        Ok(std::net::IpAddr::V6(address)) => {
            let private = address.octets()[0] & 0xfe == 0xfc;
            Ok(Datum::Bool(!(address.is_loopback() || private)))
        }
        Err(_) => failure(
            "is_external_url",
            format!("`{host}` would have to be looked up in the DNS, which is not allowed"),
        ),
    }
}

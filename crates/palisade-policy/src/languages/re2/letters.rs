//! Letters, counts and classes of a pattern, as the engine writes them.

use regex::Regex;

use super::NOTHING;

pub(super) fn is_octal(letter: char) -> bool {
    matches!(letter, '0'..='7')
}

/// The counts of `{n}`, `{n,}` or `{n,m}` after the brace, and what follows; counts too large to
/// say are larger than any allowed.
pub(super) fn counts(rest: &str) -> Option<(u32, Option<u32>, &str)> {
    let (inside, after) = rest.split_once('}')?;
    let number = |text: &str| {
        let is_plain = text == "0" || !text.starts_with('0');
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && is_plain).then(|| text.parse().unwrap_or(u32::MAX))
    };
    match inside.split_once(',') {
        None => {
            let times = number(inside)?;
            Some((times, Some(times), after))
        }
        Some((least, "")) => Some((number(least)?, None, after)),
        Some((least, most)) => Some((number(least)?, Some(number(most)?), after)),
    }
}

pub(super) fn push_literal(text: &mut String, letter: char) {
    if letter.is_ascii() && !letter.is_ascii_alphanumeric() {
        text.extend(["\\x{", &format!("{:x}", u32::from(letter)), "}"]);
    } else {
        text.push(letter);
    }
}

/// Writes a range of letters; halves of pairs stand in no text.
pub(super) fn push_range(class: &mut String, from: u32, to: u32) {
    let from = char::from_u32(from).unwrap_or('\u{e000}');
    let to = char::from_u32(to).unwrap_or('\u{d7ff}');
    if from <= to {
        let (from, to) = (u32::from(from), u32::from(to));
        class.extend([
            "\\x{",
            &format!("{from:x}"),
            "}-\\x{",
            &format!("{to:x}"),
            "}",
        ]);
    }
}

pub(super) fn is_posix(named: &str) -> bool {
    let name = named.trim_start_matches("[:").trim_start_matches('^');
    matches!(
        name.trim_end_matches(":]"),
        "alnum"
            | "alpha"
            | "ascii"
            | "blank"
            | "cntrl"
            | "digit"
            | "graph"
            | "lower"
            | "print"
            | "punct"
            | "space"
            | "upper"
            | "word"
            | "xdigit"
    )
}

/// A general category or script, as part of a class.
pub(super) fn category(name: &str, is_negated: bool) -> Option<String> {
    let name: String = name
        .chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .collect();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let mark = if is_negated { 'P' } else { 'p' };
    match name.to_ascii_lowercase().as_str() {
        // Halves of pairs stand in no text.
        "cs" | "surrogate" => Some(if is_negated {
            r"\x{0}-\x{10ffff}".to_owned()
        } else {
            NOTHING.to_owned()
        }),
        known @ ("any" | "ascii" | "assigned") => Some(format!("\\{mark}{{{known}}}")),
        _ => ["gc", "sc"].into_iter().find_map(|table| {
            let written = format!("\\{mark}{{{table}={name}}}");
            regex_is_known(&written).then_some(written)
        }),
    }
}

fn regex_is_known(written: &str) -> bool {
    Regex::new(written).is_ok()
}

//! Texts: their letters, parts and replacements.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bounds::{Growing, check_bytes};
use super::{Builtin, argument, int_argument, items_argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("lower", 1, |arguments, _| {
        cased("lower", arguments, |letter| match letter {
            // The one letter that has no lower case of one letter there.
            'İ' => 'i',
            letter => single(letter, letter.to_lowercase()),
        })
    }),
    Builtin::new("upper", 1, |arguments, _| {
        cased("upper", arguments, |letter| {
            single(letter, letter.to_uppercase())
        })
    }),
    Builtin::new("concat", 2, concat),
    Builtin::new("replace", 3, replace),
    Builtin::new("strings.replace_n", 2, replace_all),
    Builtin::new("split", 2, split),
    Builtin::new("substring", 3, substring),
    Builtin::new("indexof", 2, index),
    Builtin::new("indexof_n", 2, indexes),
];

/// About how many bytes an item of a list takes.
const ITEM_BYTES: usize = 24;

/// The letter that another turns into, if that is one.
fn single(letter: char, mut turned: impl Iterator<Item = char>) -> char {
    match (turned.next(), turned.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

fn cased(builtin: &str, arguments: &[Term], turn: fn(char) -> char) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    check_bytes(builtin, text.len())?;
    Ok(Term::Text(text.chars().map(turn).collect()))
}

fn concat(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let between = text_argument(arguments, 0)?;
    let mut made = Growing::new("concat");
    for (at, item) in items_argument(arguments, 1)?.iter().enumerate() {
        let text = item
            .as_text()
            .ok_or_else(|| wrong_type(1, "a collection of strings", item))?;
        if at > 0 {
            made.push(between)?;
        }
        made.push(text)?;
    }
    Ok(made.into_term())
}

fn replace(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, old) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let new = text_argument(arguments, 2)?;
    let mut made = Growing::new("replace");
    let mut from = 0;
    for (at, found) in text.match_indices(old) {
        made.push(text.get(from..at).unwrap_or(""))?;
        made.push(new)?;
        from = at + found.len();
    }
    made.push(text.get(from..).unwrap_or(""))?;
    Ok(made.into_term())
}

/// All replacements in one pass: at each place the first that fits, by the order of the old texts.
fn replace_all(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let found = argument(arguments, 0)?;
    let Term::Object(entries) = found else {
        return Err(wrong_type(0, "object", found));
    };
    let mut pairs = Vec::with_capacity(entries.len());
    for (old, new) in entries {
        let (Some(old), Some(new)) = (old.as_text(), new.as_text()) else {
            return Err(wrong_type(0, "an object of texts", found));
        };
        pairs.push((old, new));
    }
    let mut rest = text_argument(arguments, 1)?;
    let mut made = Growing::new("strings.replace_n");
    let mut by_start: std::collections::BTreeMap<Option<u8>, Vec<usize>> =
        std::collections::BTreeMap::new();
    for (at, (old, _)) in pairs.iter().enumerate() {
        by_start.entry(old.bytes().next()).or_default().push(at);
    }
    // An empty text stands before every letter, once.
    let mut was_empty = false;
    loop {
        let none = Vec::new();
        let here = by_start.get(&rest.bytes().next()).unwrap_or(&none);
        let empty = by_start.get(&None).unwrap_or(&none);
        let fits = |at: &&usize| {
            let pair = pairs.get(**at);
            pair.is_some_and(|(old, _)| rest.starts_with(old) && !(old.is_empty() && was_empty))
        };
        let best = here.iter().find(fits).into_iter();
        let best = best.chain(empty.iter().find(fits)).min();
        was_empty = false;
        if let Some((old, new)) = best.and_then(|at| pairs.get(*at)) {
            made.push(new)?;
            rest = rest.get(old.len()..).unwrap_or("");
            was_empty = old.is_empty();
            continue;
        }
        let Some(letter) = rest.chars().next() else {
            return Ok(made.into_term());
        };
        made.push_letter(letter)?;
        rest = rest.get(letter.len_utf8()..).unwrap_or("");
    }
}

fn split(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, between) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let mut parts = Vec::new();
    if between.is_empty() {
        check_bytes("split", text.len().saturating_mul(ITEM_BYTES))?;
        parts.extend(text.chars().map(String::from).map(Term::Text));
        return Ok(Term::Array(parts));
    }
    for part in text.split(between) {
        parts.push(Term::text(part));
        check_bytes("split", parts.len() * ITEM_BYTES)?;
    }
    Ok(Term::Array(parts))
}

fn substring(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    let (from, length) = (int_argument(arguments, 1)?, int_argument(arguments, 2)?);
    let from = usize::try_from(from).map_err(|_| Fault::undefined("substring: negative offset"))?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(Term::Text(text.chars().skip(from).take(length).collect()))
}

fn searched(arguments: &[Term]) -> Result<(&str, &str), Fault> {
    let (text, part) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    if part.is_empty() {
        return Err(Fault::undefined("empty search character"));
    }
    Ok((text, part))
}

fn position(at: usize) -> Term {
    Term::int(i64::try_from(at).unwrap_or(i64::MAX))
}

fn index(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, part) = searched(arguments)?;
    let before = text.find(part).and_then(|at| text.get(..at));
    Ok(before.map_or(Term::int(-1), |before| position(before.chars().count())))
}

fn indexes(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, part) = searched(arguments)?;
    let mut found = Vec::new();
    let (mut from, mut letters) = (0, 0);
    while let Some(rest) = text.get(from..)
        && let Some(at) = rest.find(part)
    {
        letters += rest.get(..at).unwrap_or("").chars().count();
        found.push(position(letters));
        check_bytes("indexof_n", found.len() * ITEM_BYTES)?;
        // The next may begin within this one.
        letters += 1;
        from += at
            + rest
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
    }
    Ok(Term::Array(found))
}

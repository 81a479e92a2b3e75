//! Regular expressions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::super::re2::{self, Pattern, PatternError};
use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bounds::{Growing, check_bytes};
use super::{Builtin, argument, int_argument, text_argument};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("regex.match", 2, matches),
    Builtin::new("re_match", 2, matches),
    Builtin::new("regex.is_valid", 1, is_valid),
    Builtin::new("regex.split", 2, split),
    Builtin::new("regex.find_n", 3, find),
    Builtin::new("regex.find_all_string_submatch_n", 3, find_groups),
    Builtin::new("regex.replace", 3, replace),
    Builtin::new("regex.template_match", 4, template_matches),
];

/// Most patterns that a thread keeps.
const MAX_KEPT: usize = 256;
/// About how many bytes an item of a list takes.
const ITEM_BYTES: usize = 24;

type Compiled = Result<Rc<Pattern>, PatternError>;

thread_local! {
    static KEPT: RefCell<BTreeMap<String, Compiled>> = const { RefCell::new(BTreeMap::new()) };
}

/// A pattern, compiled once per thread.
fn compiled(pattern: &str) -> Compiled {
    if let Some(kept) = KEPT.with_borrow(|kept| kept.get(pattern).cloned()) {
        return kept;
    }
    let made = re2::compile(pattern).map(Rc::new);
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), made.clone());
    });
    made
}

/// A pattern; one beyond a bound ends the evaluation, because the language has a value for it.
pub(super) fn pattern(text: &str) -> Result<Rc<Pattern>, Fault> {
    compiled(text).map_err(|error| {
        let message = format!(
            "`{text:.100}` is no regular expression that can be used: {}",
            error.reason()
        );
        match error {
            PatternError::Wrong(_) => Fault::undefined(message),
            PatternError::Beyond(_) => Fault::halt(message),
        }
    })
}

fn matches(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (wanted, text) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    Ok(Term::Bool(pattern(wanted)?.regex.is_match(text)))
}

fn is_valid(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let Some(text) = argument(arguments, 0)?.as_text() else {
        return Ok(Term::Bool(false));
    };
    match compiled(text) {
        Ok(_) => Ok(Term::Bool(true)),
        Err(PatternError::Wrong(_)) => Ok(Term::Bool(false)),
        Err(PatternError::Beyond(_)) => pattern(text).map(|_| Term::Bool(true)),
    }
}

fn split(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (wanted, text) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let compiled = pattern(wanted)?;
    if !wanted.is_empty() && text.is_empty() {
        return Ok(Term::Array(vec![Term::text("")]));
    }
    let mut parts = Vec::new();
    let (mut from, mut to) = (0, 0);
    for found in compiled.regex.find_iter(text) {
        to = found.start();
        if found.end() != 0 {
            parts.push(Term::text(text.get(from..to).unwrap_or("")));
            check_bytes("regex.split", parts.len() * ITEM_BYTES)?;
        }
        from = found.end();
    }
    if to != text.len() {
        parts.push(Term::text(text.get(from..).unwrap_or("")));
    }
    Ok(Term::Array(parts))
}

/// How many matches are asked for; a negative number asks for all.
fn most(arguments: &[Term]) -> Result<usize, Fault> {
    Ok(usize::try_from(int_argument(arguments, 2)?).unwrap_or(usize::MAX))
}

fn find(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (wanted, text) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let compiled = pattern(wanted)?;
    let mut found = Vec::new();
    for one in compiled.regex.find_iter(text).take(most(arguments)?) {
        found.push(Term::text(one.as_str()));
        check_bytes("regex.find_n", found.len() * ITEM_BYTES)?;
    }
    Ok(Term::Array(found))
}

fn find_groups(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (wanted, text) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let compiled = pattern(wanted)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    for captures in compiled.regex.captures_iter(text).take(most(arguments)?) {
        let groups = captures
            .iter()
            .map(|group| Term::text(group.map_or("", |group| group.as_str())));
        let groups = Term::Array(groups.collect());
        bytes += groups.bytes() + captures.len() * ITEM_BYTES;
        check_bytes("regex.find_all_string_submatch_n", bytes)?;
        found.push(groups);
    }
    Ok(Term::Array(found))
}

fn replace(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (text, wanted) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let replacement = text_argument(arguments, 2)?;
    let compiled = pattern(wanted)?;
    let mut made = Growing::new("regex.replace");
    let mut from = 0;
    for captures in compiled.regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        made.push(text.get(from..whole.start()).unwrap_or(""))?;
        expand(&mut made, replacement, &compiled, &captures)?;
        from = whole.end();
    }
    made.push(text.get(from..).unwrap_or(""))?;
    Ok(made.into_term())
}

/// Writes a replacement: `$1`, `$name` and `${name}` are groups, `$$` is a dollar.
fn expand(
    made: &mut Growing<'_>,
    replacement: &str,
    pattern: &Pattern,
    captures: &regex::Captures<'_>,
) -> Result<(), Fault> {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        made.push(before)?;
        if let Some(after) = after.strip_prefix('$') {
            made.push("$")?;
            rest = after;
            continue;
        }
        let Some((name, after)) = group_name(after) else {
            made.push("$")?;
            rest = after;
            continue;
        };
        rest = after;
        let group = if name.bytes().all(|byte| byte.is_ascii_digit()) {
            name.parse().ok().and_then(|at: usize| captures.get(at))
        } else {
            let mut named = pattern.names.iter().enumerate();
            named.find_map(|(at, known)| captures.get(at).filter(|_| known == name))
        };
        made.push(group.map_or("", |group| group.as_str()))?;
    }
    made.push(rest)
}

/// The name after a dollar, and what follows.
fn group_name(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let inside = braced.unwrap_or(text);
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = inside
        .find(|letter| !is_name(letter))
        .unwrap_or(inside.len());
    let (name, after) = inside.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    match braced {
        Some(_) => Some((name, after.strip_prefix('}')?)),
        None => Some((name, after)),
    }
}

fn template_matches(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (template, text) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
    let (start, end) = (delimiter(arguments, 2)?, delimiter(arguments, 3)?);
    let unbalanced = || Fault::undefined(format!("unbalanced braces in {template:?}"));
    let mut made = String::from("^");
    let (mut depth, mut from) = (0_usize, 0);
    for (at, byte) in template.bytes().enumerate() {
        if byte == start {
            depth += 1;
            if depth == 1 {
                push_quoted(&mut made, template.get(from..at).ok_or_else(unbalanced)?);
                from = at + 1;
            }
        } else if byte == end {
            depth = depth.checked_sub(1).ok_or_else(unbalanced)?;
            if depth == 0 {
                let inside = template.get(from..at).ok_or_else(unbalanced)?;
                pattern(&format!("^{inside}$"))?;
                made.extend(["(", inside, ")"]);
                from = at + 1;
            }
        }
    }
    if depth != 0 {
        return Err(unbalanced());
    }
    push_quoted(&mut made, template.get(from..).ok_or_else(unbalanced)?);
    made.push('$');
    Ok(Term::Bool(pattern(&made)?.regex.is_match(text)))
}

fn delimiter(arguments: &[Term], at: usize) -> Result<u8, Fault> {
    match text_argument(arguments, at)?.as_bytes() {
        [byte] => Ok(*byte),
        other => Err(Fault::undefined(format!(
            "a delimiter has to be exactly one character long but is {} long",
            other.len()
        ))),
    }
}

/// Writes a text as a pattern that stands for itself.
fn push_quoted(made: &mut String, text: &str) {
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            made.push('\\');
        }
        made.push(letter);
    }
}

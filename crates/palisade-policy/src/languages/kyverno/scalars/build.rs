//! How values are built, joined, compared and written; everything new lives in an arena.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bumpalo::Bump;

use crate::datum::Datum;

/// A list of values.
pub(crate) fn list<'a>(arena: &'a Bump, items: Vec<Datum<'a>>) -> Datum<'a> {
    Datum::List(arena.alloc_slice_fill_iter(items))
}

/// A mapping; keys are unique.
pub(crate) fn map<'a>(arena: &'a Bump, entries: Vec<(&'a str, Datum<'a>)>) -> Datum<'a> {
    Datum::Map(arena.alloc_slice_fill_iter(entries))
}

/// A text.
pub(crate) fn text<'a>(arena: &'a Bump, text: &str) -> Datum<'a> {
    Datum::Text(arena.alloc_str(text))
}

/// A number, as a whole one where it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked by the bound before"
)]
pub(crate) fn number<'a>(value: f64) -> Datum<'a> {
    if value.fract() == 0.0 && value.abs() < (1_i64 << 53) as f64 {
        Datum::Int(value as i64)
    } else {
        Datum::Float(value)
    }
}

/// A number's value.
#[expect(clippy::cast_precision_loss, reason = "Go reads numbers as doubles")]
pub(crate) fn as_number(value: Datum<'_>) -> Option<f64> {
    match value.scalar() {
        Datum::Int(value) => Some(value as f64),
        Datum::Float(value) => Some(value),
        _ => None,
    }
}

/// Whether this is `null`.
pub(crate) fn is_null(value: Datum<'_>) -> bool {
    matches!(value.scalar(), Datum::Null)
}

/// The value under a chain of keys.
pub(crate) fn at<'a>(value: Datum<'a>, path: &[&str]) -> Option<Datum<'a>> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The text under a chain of keys.
pub(crate) fn text_at<'a>(value: Datum<'a>, path: &[&str]) -> Option<&'a str> {
    at(value, path).and_then(Datum::as_text)
}

/// Deepest value that a policy may build: what documents may nest, twice.
pub(crate) const MAX_DEPTH: usize = 256;

/// Whether a value is nested deeper than a policy may build.
pub(crate) fn is_too_deep(value: Datum<'_>) -> bool {
    is_deeper_than(value, MAX_DEPTH)
}

fn is_deeper_than(value: Datum<'_>, limit: usize) -> bool {
    if !value.is_list() && !value.is_map() {
        return false;
    }
    let Some(rest) = limit.checked_sub(1) else {
        return true;
    };
    value.items().any(|item| is_deeper_than(item, rest))
        || value
            .entries()
            .any(|(_, value)| is_deeper_than(value, rest))
}

/// Whether two values are the same; mappings in any order, numbers by value.
pub(crate) fn equal(one: Datum<'_>, other: Datum<'_>) -> bool {
    match (one.scalar(), other.scalar()) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(one), Datum::Bool(other)) => one == other,
        (Datum::Int(one), Datum::Int(other)) => one == other,
        (Datum::Text(one), Datum::Text(other)) => one == other,
        (one, other) if one.is_list() && other.is_list() => {
            one.len() == other.len()
                && one
                    .items()
                    .zip(other.items())
                    .all(|(one, other)| equal(one, other))
        }
        (one, other) if one.is_map() && other.is_map() => {
            one.len() == other.len()
                && one
                    .entries()
                    .all(|(key, value)| other.get(key).is_some_and(|other| equal(value, other)))
        }
        (one, other) => match (as_number(one), as_number(other)) {
            #[expect(clippy::float_cmp, reason = "equality of numbers is what is asked")]
            (Some(one), Some(other)) => one == other,
            _ => false,
        },
    }
}

/// The same value in another arena.
pub(crate) fn copy<'a>(arena: &'a Bump, value: Datum<'_>) -> Datum<'a> {
    match value.scalar() {
        Datum::Null => Datum::Null,
        Datum::Bool(value) => Datum::Bool(value),
        Datum::Int(value) => Datum::Int(value),
        Datum::Float(value) => Datum::Float(value),
        Datum::Text(value) => text(arena, value),
        value if value.is_list() => {
            list(arena, value.items().map(|item| copy(arena, item)).collect())
        }
        value => map(
            arena,
            value
                .entries()
                .map(|(key, value)| (&*arena.alloc_str(key), copy(arena, value)))
                .collect(),
        ),
    }
}

/// The mapping with a key set.
pub(crate) fn with<'a>(
    arena: &'a Bump,
    mapping: Datum<'a>,
    key: &'a str,
    value: Datum<'a>,
) -> Datum<'a> {
    let mut entries: Vec<_> = mapping.entries().collect();
    match entries.iter_mut().find(|(name, _)| *name == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
    map(arena, entries)
}

/// The mapping without a key.
pub(crate) fn without<'a>(arena: &'a Bump, mapping: Datum<'a>, key: &str) -> Datum<'a> {
    map(
        arena,
        mapping.entries().filter(|(name, _)| *name != key).collect(),
    )
}

/// The mapping with a value under a chain of keys; what is no mapping on the way becomes one.
pub(crate) fn with_at<'a>(
    arena: &'a Bump,
    mapping: Datum<'a>,
    path: &[&'a str],
    value: Datum<'a>,
) -> Datum<'a> {
    let Some((key, rest)) = path.split_first() else {
        return value;
    };
    let inner = mapping.get(key).unwrap_or(Datum::Null);
    with(arena, mapping, key, with_at(arena, inner, rest, value))
}

/// One mapping laid over another, key by key and level by level.
pub(crate) fn merge<'a>(arena: &'a Bump, under: Datum<'a>, over: Datum<'a>) -> Datum<'a> {
    if !under.is_map() || !over.is_map() {
        return over;
    }
    let mut entries: Vec<_> = under.entries().collect();
    let mut places: BTreeMap<&str, usize> = entries
        .iter()
        .enumerate()
        .map(|(at, (key, _))| (*key, at))
        .collect();
    for (key, value) in over.entries() {
        let known = places.get(key).copied();
        if let Some((_, old)) = known.and_then(|at| entries.get_mut(at)) {
            *old = merge(arena, *old, value);
        } else {
            places.insert(key, entries.len());
            entries.push((key, value));
        }
    }
    map(arena, entries)
}

/// A scalar as Go's `fmt.Sprint` writes it; lists and mappings as JSON.
pub(crate) fn sprint(value: Datum<'_>) -> String {
    match value.scalar() {
        Datum::Text(text) => text.to_owned(),
        Datum::Null => "<nil>".to_owned(),
        other => json(other),
    }
}

/// The value as JSON, with the keys in order.
pub(crate) fn json(value: Datum<'_>) -> String {
    let mut written = String::new();
    write_json(value, &mut written);
    written
}

fn write_json(value: Datum<'_>, to: &mut String) {
    match value.scalar() {
        Datum::Null => to.push_str("null"),
        Datum::Bool(value) => to.push_str(if value { "true" } else { "false" }),
        Datum::Int(value) => to.push_str(&value.to_string()),
        Datum::Float(value) => to.push_str(&float(value)),
        Datum::Text(text) => quote(text, to),
        value if value.is_list() => {
            to.push('[');
            for (at, item) in value.items().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                write_json(item, to);
            }
            to.push(']');
        }
        value => {
            let mut entries: Vec<_> = value.entries().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            to.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                quote(key, to);
                to.push(':');
                write_json(value, to);
            }
            to.push('}');
        }
    }
}

fn float(value: f64) -> String {
    match number(value) {
        Datum::Int(whole) => whole.to_string(),
        _ if value.is_finite() => value.to_string(),
        _ => "null".to_owned(),
    }
}

fn quote(text: &str, to: &mut String) {
    to.push('"');
    for one in text.chars() {
        match one {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            one if u32::from(one) < 0x20 => {
                write!(to, "\\u{:04x}", u32::from(one)).unwrap_or_default();
            }
            one => to.push(one),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_laid_over_each_other_level_by_level() {
        let arena = Bump::new();
        let pair = |key, value| map(&arena, vec![(key, value)]);
        let under = pair(
            "a",
            map(&arena, vec![("b", Datum::Int(1)), ("c", Datum::Int(2))]),
        );
        let over = pair("a", pair("b", Datum::Text("x")));
        let merged = merge(&arena, under, over);
        assert_eq!(json(merged), r#"{"a":{"b":"x","c":2}}"#);
        assert_eq!(json(without(&arena, merged, "a")), "{}");
        let set = with_at(&arena, merged, &["a", "d", "e"], Datum::Null);
        assert_eq!(json(set), r#"{"a":{"b":"x","c":2,"d":{"e":null}}}"#);
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(equal(Datum::Int(1), Datum::Float(1.0)));
        assert!(!equal(Datum::Int(1), Datum::Text("1")));
        assert_eq!(json(Datum::Float(1.5)), "1.5");
        assert_eq!(json(number(3.0)), "3");
    }
}

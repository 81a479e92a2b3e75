//! Functions over lists, objects and values of any type.

use std::cmp::Ordering;

use palisade_document::Syntax;

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

use super::functions::{Function, Given, Kind, failure, text, type_name, value};
use super::interpret::{Argument, Interpreter, lenient};
use super::read_text;

const ANY: &[Kind] = &[Kind::Any];
const LIST: &[Kind] = &[Kind::List];
const OBJECT: &[Kind] = &[Kind::Object];
const TEXT: &[Kind] = &[Kind::Text];
const COMPARABLE: &[Kind] = &[Kind::Numbers, Kind::Texts];
const REFERENCE: &[Kind] = &[Kind::Expression];
const CONTAINER: &[Kind] = &[Kind::Object, Kind::List];
const KEY: &[Kind] = &[Kind::Text, Kind::Number];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("contains", &[&[Kind::List, Kind::Text], ANY], contains),
    Function::new("keys", &[OBJECT], keys),
    Function::new("values", &[OBJECT], values),
    Function::new("length", &[&[Kind::Text, Kind::List, Kind::Object]], length),
    Function::new("map", &[REFERENCE, LIST], map),
    Function::new("max", &[COMPARABLE], max),
    Function::new("min", &[COMPARABLE], min),
    Function::new("max_by", &[LIST, REFERENCE], max_by),
    Function::new("min_by", &[LIST, REFERENCE], min_by),
    Function::new("sort", &[COMPARABLE], sort),
    Function::new("sort_by", &[LIST, REFERENCE], sort_by),
    Function::repeating("merge", &[OBJECT], merge),
    Function::repeating("not_null", &[ANY], not_null),
    Function::new("reverse", &[&[Kind::List, Kind::Text]], reverse),
    Function::new("to_array", &[ANY], to_array),
    Function::new("to_number", &[ANY], to_number),
    Function::new("to_string", &[ANY], to_string),
    Function::new("type", &[ANY], type_of),
    Function::new("lookup", &[CONTAINER, KEY], lookup),
    Function::new("items", &[CONTAINER, TEXT, TEXT], items),
    Function::new("object_from_lists", &[LIST, LIST], object_from_lists),
    Function::new("label_match", &[OBJECT, OBJECT], label_match),
    Function::new("to_boolean", &[TEXT], to_boolean),
    Function::new("parse_json", &[TEXT], parse_json),
    Function::new("parse_yaml", &[TEXT], parse_yaml),
];

fn contains<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (whole, part) = (value(arguments, 0), value(arguments, 1));
    let found = match whole.as_text() {
        Some(whole) => part.as_text().is_some_and(|part| whole.contains(part)),
        None => whole.items().any(|item| build::equal(item, part)),
    };
    Ok(Datum::Bool(found))
}

fn keys<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let keys = value(arguments, 0)
        .entries()
        .map(|(key, _)| Datum::Text(key));
    Ok(build::list(interpreter.context.arena, keys.collect()))
}

fn values<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let values = value(arguments, 0).entries().map(|(_, value)| value);
    Ok(build::list(interpreter.context.arena, values.collect()))
}

fn length<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let value = value(arguments, 0);
    let length = value
        .as_text()
        .map_or_else(|| value.len(), |text| text.chars().count());
    Ok(Datum::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn map<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let Some(Argument::Expression(node)) = arguments.first() else {
        return failure("map", "the first argument is not an expression");
    };
    let mut found = Vec::new();
    for item in value(arguments, 1).items() {
        found.push(lenient(interpreter.run(node, item))?);
    }
    Ok(build::list(interpreter.context.arena, found))
}

fn order(one: Datum<'_>, other: Datum<'_>) -> Option<Ordering> {
    match (one.as_text(), other.as_text()) {
        (Some(one), Some(other)) => Some(one.cmp(other)),
        (None, None) => build::as_number(one)?.partial_cmp(&build::as_number(other)?),
        _ => None,
    }
}

fn extreme(list: Datum<'_>, wanted: Ordering) -> Datum<'_> {
    list.items()
        .reduce(|best, item| {
            if order(item, best) == Some(wanted) {
                item
            } else {
                best
            }
        })
        .unwrap_or(Datum::Null)
}

fn max<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(extreme(value(arguments, 0), Ordering::Greater))
}

fn min<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(extreme(value(arguments, 0), Ordering::Less))
}

/// The items with the key that the expression gives each.
fn keyed<'a>(
    name: &str,
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Result<Vec<(Datum<'a>, Datum<'a>)>, super::SearchError> {
    let Some(Argument::Expression(node)) = arguments.get(1) else {
        return failure(name, "the second argument is not an expression");
    };
    let mut found: Vec<(Datum<'a>, Datum<'a>)> = Vec::new();
    for item in value(arguments, 0).items() {
        let key = interpreter.run(node, item)?;
        let fits = match found.first() {
            Some((first, _)) => order(key, *first).is_some(),
            None => order(key, key).is_some(),
        };
        if !fits {
            return failure(name, "the keys are neither all numbers nor all strings");
        }
        found.push((key, item));
    }
    Ok(found)
}

fn extreme_by<'a>(
    name: &str,
    wanted: Ordering,
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let found = keyed(name, interpreter, arguments)?.into_iter();
    let best = found.reduce(|best, next| {
        if order(next.0, best.0) == Some(wanted) {
            next
        } else {
            best
        }
    });
    Ok(best.map_or(Datum::Null, |(_, item)| item))
}

fn max_by<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    extreme_by("max_by", Ordering::Greater, interpreter, arguments)
}

fn min_by<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    extreme_by("min_by", Ordering::Less, interpreter, arguments)
}

fn sort<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut items: Vec<_> = value(arguments, 0).items().collect();
    items.sort_by(|one, other| order(*one, *other).unwrap_or(Ordering::Equal));
    Ok(build::list(interpreter.context.arena, items))
}

fn sort_by<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut found = keyed("sort_by", interpreter, arguments)?;
    found.sort_by(|one, other| order(one.0, other.0).unwrap_or(Ordering::Equal));
    let items = found.into_iter().map(|(_, item)| item).collect();
    Ok(build::list(interpreter.context.arena, items))
}

fn merge<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let arena = interpreter.context.arena;
    let mut merged = build::map(arena, Vec::new());
    for at in 0..arguments.len() {
        for (key, value) in value(arguments, at).entries() {
            merged = build::with(arena, merged, key, value);
        }
    }
    Ok(merged)
}

fn not_null<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let mut values = (0..arguments.len()).map(|at| value(arguments, at));
    Ok(values
        .find(|value| !build::is_null(*value))
        .unwrap_or(Datum::Null))
}

fn reverse<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let arena = interpreter.context.arena;
    let whole = value(arguments, 0);
    if let Some(text) = whole.as_text() {
        return Ok(build::text(arena, &text.chars().rev().collect::<String>()));
    }
    let mut items: Vec<_> = whole.items().collect();
    items.reverse();
    Ok(build::list(arena, items))
}

fn to_array<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let value = value(arguments, 0);
    if value.is_list() {
        return Ok(value);
    }
    Ok(build::list(interpreter.context.arena, vec![value]))
}

fn to_number<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let value = value(arguments, 0);
    Ok(match value.as_text() {
        Some(text) => text.parse().map_or(Datum::Null, build::number),
        None if build::as_number(value).is_some() => value,
        None => Datum::Null,
    })
}

fn to_string<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let value = value(arguments, 0);
    if value.as_text().is_some() {
        return Ok(value);
    }
    Ok(build::text(interpreter.context.arena, &build::json(value)))
}

fn type_of<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    Ok(Datum::Text(type_name(value(arguments, 0))))
}

fn lookup<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (container, key) = (value(arguments, 0), value(arguments, 1));
    let found = match (key.scalar(), container.is_map()) {
        (Datum::Text(key), true) => container.get(key),
        (Datum::Int(at), false) => usize::try_from(at).ok().and_then(|at| container.item(at)),
        (_, true) => return failure("lookup", "an object is looked up by a string"),
        (_, false) => return failure("lookup", "an array is looked up by a whole number"),
    };
    Ok(found.unwrap_or(Datum::Null))
}

fn items<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let arena = interpreter.context.arena;
    let container = value(arguments, 0);
    let (key_name, value_name) = (text(arguments, 1), text(arguments, 2));
    let mut pairs: Vec<(Datum<'a>, Datum<'a>)> = if container.is_map() {
        let mut entries: Vec<_> = container.entries().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let entries = entries.into_iter();
        entries
            .map(|(key, value)| (Datum::Text(key), value))
            .collect()
    } else {
        let numbered = (0..).map(Datum::Int).zip(container.items());
        numbered.collect()
    };
    let objects = pairs
        .drain(..)
        .map(|(key, value)| build::map(arena, vec![(key_name, key), (value_name, value)]));
    Ok(build::list(arena, objects.collect()))
}

fn object_from_lists<'a>(
    interpreter: Interpreter<'_, 'a>,
    arguments: &[Argument<'_, 'a>],
) -> Given<'a> {
    let arena = interpreter.context.arena;
    let mut values = value(arguments, 1).items();
    let mut made = build::map(arena, Vec::new());
    for key in value(arguments, 0).items() {
        if key.is_list() || key.is_map() || build::is_null(key) {
            return failure("object_from_lists", "the keys are not all scalars");
        }
        let key = arena.alloc_str(&build::sprint(key));
        made = build::with(arena, made, key, values.next().unwrap_or(Datum::Null));
    }
    Ok(made)
}

fn label_match<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let (wanted, labels) = (value(arguments, 0), value(arguments, 1));
    let all = wanted.entries().all(|(key, value)| {
        labels
            .get(key)
            .is_some_and(|label| build::equal(label, value))
    });
    Ok(Datum::Bool(all))
}

fn to_boolean<'a>(_: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    let text = text(arguments, 0);
    match text.to_lowercase().as_str() {
        "true" => Ok(Datum::Bool(true)),
        "false" => Ok(Datum::Bool(false)),
        _ => failure("to_boolean", format!("`{text}` is neither true nor false")),
    }
}

fn parse_json<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    read_text(interpreter.context, text(arguments, 0), Syntax::Json)
}

fn parse_yaml<'a>(interpreter: Interpreter<'_, 'a>, arguments: &[Argument<'_, 'a>]) -> Given<'a> {
    read_text(interpreter.context, text(arguments, 0), Syntax::Yaml)
}

//! JSON Patch (RFC 6902), with missing parents made by `add` and missing values ignored by
//! `remove`.

use bumpalo::Bump;
use palisade_document::Syntax;

use crate::context::Context;
use crate::datum::Datum;
use crate::languages::kyverno::jmespath::{SearchError, read_text};
use crate::languages::kyverno::scalars::build;

/// Applies a patch: a list of operations, or a text that holds one.
pub(super) fn apply<'a>(
    context: &Context<'a>,
    object: Datum<'a>,
    patch: Datum<'a>,
) -> Result<Datum<'a>, SearchError> {
    let operations = match patch.as_text() {
        Some(text) => read_text(context, text, Syntax::Yaml)?,
        None => patch,
    };
    if !operations.is_list() {
        let message = "a JSON patch is a list of operations".to_owned();
        return Err(SearchError::Failed(message));
    }
    let mut patched = object;
    for operation in operations.items() {
        context.charge(1)?;
        patched = one(context.arena, patched, operation).map_err(|reason| {
            let path = operation.get("path").and_then(Datum::as_text).unwrap_or("");
            SearchError::Failed(format!("the JSON patch at `{path}` failed: {reason}"))
        })?;
    }
    Ok(patched)
}

type Patched<'a> = Result<Datum<'a>, String>;

fn one<'a>(arena: &'a Bump, object: Datum<'a>, operation: Datum<'a>) -> Patched<'a> {
    let text = |key: &str| operation.get(key).and_then(Datum::as_text);
    let path = pointer(text("path").ok_or("it has no path")?)?;
    let value = operation.get("value");
    let from = |name: &str| {
        let from = pointer(text("from").ok_or(format!("`{name}` needs `from`"))?)?;
        let found = get(object, &from).ok_or("`from` leads to nothing")?;
        Ok::<_, String>((from, found))
    };
    match text("op").unwrap_or("") {
        "add" => add(arena, object, &path, value.unwrap_or(Datum::Null)),
        "remove" => Ok(remove(arena, object, &path)),
        "replace" => {
            if get(object, &path).is_none() {
                return Err("there is nothing to replace".to_owned());
            }
            replace(arena, object, &path, value.unwrap_or(Datum::Null))
        }
        "copy" => {
            let (_, found) = from("copy")?;
            add(arena, object, &path, found)
        }
        "move" => {
            let (from, found) = from("move")?;
            add(arena, remove(arena, object, &from), &path, found)
        }
        "test" => {
            let found = get(object, &path).unwrap_or(Datum::Null);
            if build::equal(found, value.unwrap_or(Datum::Null)) {
                return Ok(object);
            }
            Err("the tested value differs".to_owned())
        }
        other => Err(format!("`{other}` is no operation")),
    }
}

fn pointer(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let rest = path.strip_prefix('/').ok_or("a path starts with `/`")?;
    let parts = rest.split('/');
    Ok(parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

/// The index that a part of a path names in a list, from the end if negative.
fn index(part: &str, length: usize) -> Option<usize> {
    match part.strip_prefix('-') {
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => part.parse().ok(),
    }
}

fn get<'a>(value: Datum<'a>, path: &[String]) -> Option<Datum<'a>> {
    path.iter().try_fold(value, |value, part| {
        if value.is_list() {
            value.item(index(part, value.len())?)
        } else {
            value.get(part)
        }
    })
}

fn items(value: Datum<'_>) -> Vec<Datum<'_>> {
    value.items().collect()
}

fn add<'a>(arena: &'a Bump, value: Datum<'a>, path: &[String], new: Datum<'a>) -> Patched<'a> {
    let Some((part, rest)) = path.split_first() else {
        return Ok(new);
    };
    if value.is_list() {
        let mut items = items(value);
        if part == "-" && rest.is_empty() {
            items.push(new);
            return Ok(build::list(arena, items));
        }
        if rest.is_empty() {
            // From the end, the place after the last item is -1.
            let at = index(part, items.len() + 1).ok_or("a list is addressed by an index")?;
            if at > items.len() {
                return Err("the index is past the end of the list".to_owned());
            }
            items.insert(at, new);
        } else if items.is_empty() && matches!(part.as_str(), "-" | "0" | "-1") {
            items.push(add(arena, missing(rest), rest, new)?);
        } else {
            let at = index(part, items.len()).ok_or("a list is addressed by an index")?;
            let item = items
                .get_mut(at)
                .ok_or("the index is past the end of the list")?;
            *item = add(arena, *item, rest, new)?;
        }
        return Ok(build::list(arena, items));
    }
    if !value.is_map() && !build::is_null(value) {
        return Err("the path goes through a scalar".to_owned());
    }
    let inner = match value.get(part) {
        Some(inner) if !build::is_null(inner) => inner,
        _ => missing(rest),
    };
    let changed = add(arena, inner, rest, new)?;
    Ok(build::with(arena, value, arena.alloc_str(part), changed))
}

/// What a missing parent becomes: a list if the path goes on with an index.
fn missing<'a>(rest: &[String]) -> Datum<'a> {
    match rest.first().map(String::as_str) {
        Some("-" | "0" | "-1") => Datum::List(&[]),
        _ => Datum::Map(&[]),
    }
}

fn replace<'a>(arena: &'a Bump, value: Datum<'a>, path: &[String], new: Datum<'a>) -> Patched<'a> {
    let Some((part, rest)) = path.split_first() else {
        return Ok(new);
    };
    if value.is_list() {
        let mut items = items(value);
        let at = index(part, items.len()).ok_or("a list is addressed by an index")?;
        let item = items
            .get_mut(at)
            .ok_or("the index is past the end of the list")?;
        *item = replace(arena, *item, rest, new)?;
        return Ok(build::list(arena, items));
    }
    let inner = value.get(part).unwrap_or(Datum::Null);
    let changed = replace(arena, inner, rest, new)?;
    Ok(build::with(arena, value, arena.alloc_str(part), changed))
}

fn remove<'a>(arena: &'a Bump, value: Datum<'a>, path: &[String]) -> Datum<'a> {
    let Some((part, rest)) = path.split_first() else {
        return Datum::Null;
    };
    if value.is_list() {
        let mut items = items(value);
        let Some(at) = index(part, items.len()).filter(|at| *at < items.len()) else {
            return value;
        };
        if rest.is_empty() {
            items.remove(at);
        } else if let Some(item) = items.get_mut(at) {
            *item = remove(arena, *item, rest);
        }
        return build::list(arena, items);
    }
    match value.get(part) {
        None => value,
        Some(_) if rest.is_empty() => build::without(arena, value, part),
        Some(inner) => {
            let changed = remove(arena, inner, rest);
            build::with(arena, value, arena.alloc_str(part), changed)
        }
    }
}

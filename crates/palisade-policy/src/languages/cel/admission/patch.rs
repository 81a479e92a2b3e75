//! JSON patches (RFC 6902) over borrowed values: what does not change is shared.

use super::super::fault::Fault;
use super::super::value::Val;
use crate::context::Context;
use crate::datum::Datum;

/// Applies the patches of an expression; a failed `test` leaves the object as it was.
pub(super) fn apply<'v>(
    context: &'v Context<'v>,
    object: Datum<'v>,
    patches: Val<'v>,
) -> Result<Datum<'v>, Fault> {
    let mut changed = object;
    for operation in patches.items() {
        context.charge(1)?;
        let Val::Message(message) = operation else {
            return Err(Fault::new(format!(
                "a JSON patch is a `JSONPatch{{…}}`, not of type {}",
                operation.type_name()
            )));
        };
        let text = |name| operation.field(name).and_then(Val::as_text).unwrap_or("");
        let known = ["op", "path", "from", "value"];
        if let Some((name, _)) = message
            .fields
            .iter()
            .find(|(name, _)| !known.contains(name))
        {
            return Err(Fault::new(format!("a JSONPatch has no field `{name}`")));
        }
        let path = tokens(text("path"))?;
        let given = || match operation.field("value") {
            Some(value) => value.to_datum(context.arena).map_err(Fault::new),
            None => Ok(Datum::Null),
        };
        let from = || tokens(text("from"));
        changed = match text("op") {
            "add" => edit(context, changed, &path, Edit::Add(given()?))?,
            "replace" => edit(context, changed, &path, Edit::Replace(given()?))?,
            "remove" => edit(context, changed, &path, Edit::Remove)?,
            "copy" => {
                let value = find(changed, &from()?)?;
                edit(context, changed, &path, Edit::Add(value))?
            }
            "move" => {
                let from = from()?;
                let value = find(changed, &from)?;
                let without = edit(context, changed, &from, Edit::Remove)?;
                edit(context, without, &path, Edit::Add(value))?
            }
            "test" => {
                let found = find(changed, &path).ok();
                let same = found.is_some_and(|found| {
                    given().is_ok_and(|wanted| Val::from(found).equals(Val::from(wanted)))
                });
                if !same {
                    return Ok(object);
                }
                changed
            }
            other => {
                return Err(Fault::new(format!(
                    "`{other}` is not an operation of a JSON patch"
                )));
            }
        };
    }
    Ok(changed)
}

#[derive(Clone, Copy)]
enum Edit<'v> {
    Add(Datum<'v>),
    Replace(Datum<'v>),
    Remove,
}

/// The unescaped parts of a JSON pointer.
fn tokens(path: &str) -> Result<Vec<String>, Fault> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err(Fault::new(format!(
            "`{path}` is not a path: it starts with `/`"
        )));
    };
    let parts = rest.split('/');
    Ok(parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn missing(part: &str) -> Fault {
    Fault::new(format!("JSON Patch: the path's `{part}` does not exist"))
}

fn find<'v>(object: Datum<'v>, path: &[String]) -> Result<Datum<'v>, Fault> {
    path.iter().try_fold(object, |value, part| {
        let found = if value.is_list() {
            part.parse().ok().and_then(|at| value.item(at))
        } else {
            value.get(part)
        };
        found.ok_or_else(|| missing(part))
    })
}

fn edit<'v>(
    context: &'v Context<'v>,
    object: Datum<'v>,
    path: &[String],
    change: Edit<'v>,
) -> Result<Datum<'v>, Fault> {
    let Some((part, rest)) = path.split_first() else {
        return match change {
            Edit::Add(value) | Edit::Replace(value) => Ok(value),
            Edit::Remove => Err(Fault::new("JSON Patch: the whole object cannot be removed")),
        };
    };
    context.charge(1 + object.len() as u64 / 8)?;
    if object.is_list() {
        return edit_list(context, object, (part, rest), change);
    }
    if !object.is_map() {
        return Err(missing(part));
    }
    let mut entries: Vec<(&'v str, Datum<'v>)> = object.entries().collect();
    let at = entries.iter().position(|(key, _)| *key == part.as_str());
    match (at, rest.is_empty(), change) {
        (Some(at), true, Edit::Remove) => drop(entries.remove(at)),
        (Some(at), _, _) => {
            if let Some((_, value)) = entries.get_mut(at) {
                *value = edit(context, *value, rest, change)?;
            }
        }
        (None, true, Edit::Add(value)) => {
            entries.push((context.arena.alloc_str(part), value));
        }
        (None, ..) => return Err(missing(part)),
    }
    Ok(Datum::Map(context.arena.alloc_slice_copy(&entries)))
}

fn edit_list<'v>(
    context: &'v Context<'v>,
    object: Datum<'v>,
    (part, rest): (&String, &[String]),
    change: Edit<'v>,
) -> Result<Datum<'v>, Fault> {
    let mut items: Vec<Datum<'v>> = object.items().collect();
    let at = match part.as_str() {
        "-" => items.len(),
        number => number.parse().map_err(|_| missing(part))?,
    };
    match (rest.is_empty(), change) {
        (true, Edit::Add(value)) if at <= items.len() => items.insert(at, value),
        (true, Edit::Remove) if at < items.len() => drop(items.remove(at)),
        (true, Edit::Add(_) | Edit::Remove) => return Err(missing(part)),
        _ => {
            let place = items.get_mut(at).ok_or_else(|| missing(part))?;
            *place = edit(context, *place, rest, change)?;
        }
    }
    Ok(Datum::List(context.arena.alloc_slice_copy(&items)))
}

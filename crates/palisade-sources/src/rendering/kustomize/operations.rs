//! JSON Patch (RFC 6902): operations on one object.

use super::Refusal;
use crate::rendering::tree::{Field, Node, Tree};

/// Most values in an object that is copied into, so that copies of copies end.
const MAX_SIZE: usize = 200_000;
/// Deepest place that a value may end up at, so that no object grows without an end.
pub(super) const MAX_DEPTH: usize = 256;

/// Applies a list of operations to an object.
pub(super) fn apply(object: &mut Tree, operations: &Tree) -> Result<(), Refusal> {
    for operation in operations.items() {
        one(object, operation)?;
    }
    Ok(())
}

fn one(object: &mut Tree, operation: &Tree) -> Result<(), Refusal> {
    let text = |key: &str| operation.scalar_at(key).unwrap_or_default();
    let path = pointer(&text("path"))?;
    let value = || {
        operation
            .get("value")
            .cloned()
            .ok_or_else(|| Refusal::new("a json patch operation has no value"))
    };
    match text("op").as_str() {
        "add" => add(object, &path, value()?, operation),
        "remove" => remove(object, &path).map(drop),
        "replace" => {
            let new = value()?;
            *find(object, &path)? = new;
            Ok(())
        }
        "move" => {
            let from = pointer(&text("from"))?;
            let moved = remove(object, &from)?;
            add(object, &path, moved, operation)
        }
        "copy" => {
            let from = pointer(&text("from"))?;
            let copied = find(object, &from)?.clone();
            if object.size() + copied.size() > MAX_SIZE {
                return Err(Refusal::new("a json patch makes an object too large"));
            }
            add(object, &path, copied, operation)
        }
        "test" => {
            let wanted = value()?;
            if *find(object, &path)? == wanted {
                return Ok(());
            }
            Err(Refusal(format!("the test at `{}` fails", text("path"))))
        }
        other => Err(Refusal(format!("`{other}` is no json patch operation"))),
    }
}

/// The steps of a JSON pointer (RFC 6901); the whole object has none and is not changed here.
fn pointer(text: &str) -> Result<Vec<String>, Refusal> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(Refusal(format!("`{text}` is no path into an object")));
    };
    Ok(rest
        .split('/')
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn missing(step: &str) -> Refusal {
    Refusal(format!(
        "a json patch looks for `{step}`, which is not there"
    ))
}

fn find<'t>(tree: &'t mut Tree, path: &[String]) -> Result<&'t mut Tree, Refusal> {
    let mut at = tree;
    for step in path {
        at = child(at, step)?;
    }
    Ok(at)
}

fn child<'t>(tree: &'t mut Tree, step: &str) -> Result<&'t mut Tree, Refusal> {
    let found = match &mut tree.node {
        Node::Map(map) => map.get_mut(step).map(|field| &mut field.value),
        Node::List(items) => {
            let at = index(step, items.len())?;
            items.get_mut(at)
        }
        _ => None,
    };
    found.ok_or_else(|| missing(step))
}

/// The index that a step names, in a list of some length.
fn index(step: &str, len: usize) -> Result<usize, Refusal> {
    let is_number = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let at: Option<usize> = step.parse().ok().filter(|_| is_number);
    at.filter(|at| *at <= len).ok_or_else(|| missing(step))
}

fn add(object: &mut Tree, path: &[String], value: Tree, by: &Tree) -> Result<(), Refusal> {
    let Some((last, before)) = path.split_last() else {
        return Err(Refusal::new("a json patch replaces a whole object"));
    };
    if path.len() + value.depth() > MAX_DEPTH {
        return Err(Refusal::new("a json patch makes an object too deep"));
    }
    let parent = find(object, before)?;
    match &mut parent.node {
        Node::Map(map) => {
            let key = by.get("path").map_or(&value.place, |it| &it.place).clone();
            match map.get_mut(last) {
                Some(field) => field.value = value,
                None => {
                    map.insert(last.clone(), Field { key, value });
                }
            }
        }
        Node::List(items) if last == "-" => items.push(value),
        Node::List(items) => {
            let at = index(last, items.len())?;
            items.insert(at, value);
        }
        _ => return Err(missing(last)),
    }
    Ok(())
}

fn remove(object: &mut Tree, path: &[String]) -> Result<Tree, Refusal> {
    let Some((last, before)) = path.split_last() else {
        return Err(Refusal::new("a json patch removes a whole object"));
    };
    let parent = find(object, before)?;
    let removed = match &mut parent.node {
        Node::Map(map) => map.shift_remove(last).map(|field| field.value),
        Node::List(items) => {
            let at = index(last, items.len())?;
            (at < items.len()).then(|| items.remove(at))
        }
        _ => None,
    };
    removed.ok_or_else(|| missing(last))
}

//! Values that a kustomization copies from one object to others.

use super::Refusal;
use super::operations::MAX_DEPTH;
use super::resource::{Id, Resource, Resources};
use super::select::Target;
use super::settings::known;
use crate::rendering::tree::{Node, Tree};

/// Most values in what is copied, so that copies of copies end.
const MAX_SIZE: usize = 1_000;

/// Copies one value.
pub(super) fn replace(resources: &mut Resources, item: &Tree) -> Result<(), Refusal> {
    known("replacement", item, &["source", "targets"])?;
    let source = item
        .get("source")
        .ok_or_else(|| Refusal::new("a replacement has no source"))?;
    let value = value_of(resources, source)?;
    for target in item.get("targets").map_or(&[][..], Tree::items) {
        known(
            "replacement",
            target,
            &["fieldPaths", "options", "reject", "select"],
        )?;
        let select = target
            .get("select")
            .ok_or_else(|| Refusal::new("the target of a replacement selects nothing"))?;
        let select = Target::read(select)?;
        let rejects = target.get("reject").map_or(&[][..], Tree::items);
        let rejects = rejects
            .iter()
            .map(Target::read)
            .collect::<Result<Vec<_>, _>>()?;
        let options = Options::of(target)?;
        let paths = target.get("fieldPaths").map_or(&[][..], Tree::items);
        for resource in &mut resources.list {
            if !select.selects(resource) || rejects.iter().any(|it| it.selects(resource)) {
                continue;
            }
            for path in paths {
                let path = path.scalar().unwrap_or_default();
                let steps = steps(&path);
                if steps.len() + value.depth() > MAX_DEPTH {
                    return Err(Refusal::new("a replacement makes an object too deep"));
                }
                let mut count = 0;
                visit(&mut resource.tree, &steps, (&options, &value), &mut count)?;
                if count == 0 {
                    return Err(Refusal(format!("a replacement finds no `{path}`")));
                }
            }
        }
    }
    Ok(())
}

/// How a part of a text is meant.
#[derive(Debug, Default)]
struct Options {
    delimiter: String,
    index: i64,
    create: bool,
}

impl Options {
    fn of(tree: &Tree) -> Result<Self, Refusal> {
        let Some(options) = tree.get("options") else {
            return Ok(Self::default());
        };
        known("replacement", options, &["create", "delimiter", "index"])?;
        let index = match options.get("index").map(|it| &it.node) {
            Some(Node::Int(index)) => *index,
            None => 0,
            Some(_) => return Err(Refusal::new("the index of a replacement is no number")),
        };
        Ok(Self {
            delimiter: options.scalar_at("delimiter").unwrap_or_default(),
            index,
            create: matches!(
                options.get("create"),
                Some(Tree {
                    node: Node::Bool(true),
                    ..
                })
            ),
        })
    }
}

/// The value to copy.
fn value_of(resources: &Resources, source: &Tree) -> Result<Tree, Refusal> {
    known(
        "replacement",
        source,
        &[
            "fieldPath",
            "group",
            "kind",
            "name",
            "namespace",
            "options",
            "version",
        ],
    )?;
    let fits = |id: &Id| {
        let wanted = |key: &str, found: &str| {
            source
                .scalar_at(key)
                .is_none_or(|text| text.is_empty() || text == found)
        };
        wanted("group", &id.group)
            && wanted("version", &id.version)
            && wanted("kind", &id.kind)
            && wanted("name", &id.name)
            && wanted("namespace", &id.namespace)
    };
    let is_meant = |it: &&Resource| fits(&it.id()) || it.previous().iter().any(fits);
    let mut found = resources.list.iter().filter(is_meant);
    let (Some(object), None) = (found.next(), found.next()) else {
        return Err(Refusal::new(
            "the source of a replacement is not exactly one object",
        ));
    };
    let path = source
        .scalar_at("fieldPath")
        .unwrap_or_else(|| "metadata.name".to_owned());
    let mut value = &object.tree;
    for step in steps(&path) {
        value = next(value, &step)
            .ok_or_else(|| Refusal(format!("the source of a replacement has no `{path}`")))?;
    }
    if value.size() > MAX_SIZE {
        return Err(Refusal::new("the value of a replacement is too large"));
    }
    let mut value = value.clone();
    let options = Options::of(source)?;
    if !options.delimiter.is_empty() {
        let text = value
            .scalar()
            .ok_or_else(|| Refusal::new("only a text has parts"))?;
        let part = usize::try_from(options.index)
            .ok()
            .and_then(|at| text.split(options.delimiter.as_str()).nth(at));
        let part = part.ok_or_else(|| Refusal(format!("`{path}` has not so many parts")))?;
        value.node = Node::Text(part.to_owned());
    }
    Ok(value)
}

/// The steps of a path: keys, indices, `*`, and `[key=value]` for an item of a list.
fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut in_brackets = false;
    let mut characters = path.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'.') => {
                characters.next();
                push(&mut steps, '.');
            }
            '.' if !in_brackets => steps.push(String::new()),
            other => {
                in_brackets = other == '[' || (in_brackets && other != ']');
                push(&mut steps, other);
            }
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

fn push(steps: &mut [String], character: char) {
    if let Some(last) = steps.last_mut() {
        last.push(character);
    }
}

/// The key and value of `[key=value]`.
fn picked(step: &str) -> Option<(&str, &str)> {
    step.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

fn next<'t>(tree: &'t Tree, step: &str) -> Option<&'t Tree> {
    match &tree.node {
        Node::Map(map) => map
            .get(step.trim_start_matches('[').trim_end_matches(']'))
            .map(|field| &field.value),
        Node::List(items) => match picked(step) {
            Some((key, value)) => items
                .iter()
                .find(|item| item.scalar_at(key).is_some_and(|text| text == value)),
            None => items.get(step.parse::<usize>().ok()?),
        },
        _ => None,
    }
}

/// Sets the value at the end of a path, and counts how often.
fn visit(
    tree: &mut Tree,
    steps: &[String],
    how: (&Options, &Tree),
    count: &mut usize,
) -> Result<(), Refusal> {
    let Some((step, rest)) = steps.split_first() else {
        *count += 1;
        return set(tree, how);
    };
    match &mut tree.node {
        Node::Map(map) if step == "*" => map
            .values_mut()
            .try_for_each(|field| visit(&mut field.value, rest, how, count)),
        Node::Map(_) => {
            let key = step.trim_start_matches('[').trim_end_matches(']');
            if tree.get(key).is_none_or(Tree::is_null) {
                if !how.0.create {
                    return Ok(());
                }
                let next = rest.first().map(String::as_str);
                if next.is_some_and(|next| next == "*" || picked(next).is_some()) {
                    return Err(Refusal::new("a replacement makes a list"));
                }
                let place = how.1.place.clone();
                let mut made = Tree::empty(&place);
                if rest.is_empty() {
                    made.node = Node::Null;
                }
                tree.set(key, made);
            }
            match tree.get_mut(key) {
                Some(value) => visit(value, rest, how, count),
                None => Ok(()),
            }
        }
        Node::List(items) => {
            let is_met = |at: usize, item: &Tree| match picked(step) {
                Some((key, value)) => item.scalar_at(key).is_some_and(|text| text == value),
                None => step == "*" || step.parse() == Ok(at),
            };
            let mut met = 0;
            for (at, item) in items.iter_mut().enumerate() {
                if is_met(at, item) {
                    met += 1;
                    visit(item, rest, how, count)?;
                }
            }
            if met == 0 && how.0.create {
                return Err(Refusal::new("a replacement makes an item of a list"));
            }
            Ok(())
        }
        Node::Null => Ok(()),
        _ => Err(Refusal(format!(
            "a replacement looks for `{step}` in a text"
        ))),
    }
}

fn set(tree: &mut Tree, (options, value): (&Options, &Tree)) -> Result<(), Refusal> {
    let mut value = value.clone();
    if !options.delimiter.is_empty() {
        let (Some(old), Some(new)) = (tree.scalar(), value.scalar()) else {
            return Err(Refusal::new("only a text has parts"));
        };
        let mut parts: Vec<&str> = old.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(at) => match parts.get_mut(at) {
                Some(part) => *part = &new,
                None => parts.push(&new),
            },
        }
        value.node = Node::Text(parts.join(&options.delimiter));
    }
    if let (Node::Text(_), Some(text)) = (&tree.node, value.scalar()) {
        // A text stays a text; another scalar takes the type that the new words have.
        value.node = Node::Text(text);
    } else if let (None, Some(text)) = (tree.map(), value.scalar()) {
        value.node = match (text.parse::<i64>(), text.as_str()) {
            (Ok(number), _) => Node::Int(number),
            (_, "true") => Node::Bool(true),
            (_, "false") => Node::Bool(false),
            _ => Node::Text(text),
        };
    }
    *tree = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn a_dot_in_brackets_or_behind_a_backslash_is_part_of_a_step() {
        assert_eq!(
            steps("spec.containers.[name=a.b].image"),
            ["spec", "containers", "[name=a.b]", "image"]
        );
        assert_eq!(
            steps("metadata.annotations.a\\.io/b"),
            ["metadata", "annotations", "a.io/b"]
        );
    }
}

//! Strategic merge: a patch that looks like the object that it changes.

use std::collections::BTreeSet;

use super::Refusal;
use super::schema::{ListMerge, Schema};
use crate::rendering::tree::{Field, Map, Node, Tree};

/// The key that says what to do with a mapping or list.
const DIRECTIVE: &str = "$patch";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// An object with a patch applied; `None` where the patch deletes it.
pub(super) fn merge(object: Tree, patch: &Tree, schema: &Schema) -> Result<Option<Tree>, Refusal> {
    let mut merger = Merger {
        schema,
        path: Vec::new(),
    };
    merger.tree(Some(object), patch.clone())
}

struct Merger<'s> {
    schema: &'s Schema,
    path: Vec<String>,
}

impl Merger<'_> {
    fn tree(&mut self, old: Option<Tree>, patch: Tree) -> Result<Option<Tree>, Refusal> {
        let old = old.filter(|old| !old.is_null());
        match (&old, &patch.node) {
            (_, Node::Null) => Ok(None),
            (
                None
                | Some(Tree {
                    node: Node::Map(_), ..
                }),
                Node::Map(_),
            ) => self.map(old, patch),
            (
                None
                | Some(Tree {
                    node: Node::List(_),
                    ..
                }),
                Node::List(_),
            ) => self.list(old, patch),
            (
                Some(Tree {
                    node: Node::Map(_) | Node::List(_),
                    ..
                }),
                _,
            )
            | (Some(_), Node::Map(_) | Node::List(_)) => Err(Refusal(format!(
                "a patch has another type than the value at `{}`",
                self.path.join(".")
            ))),
            _ => Ok(Some(patch)),
        }
    }

    fn map(&mut self, old: Option<Tree>, mut patch: Tree) -> Result<Option<Tree>, Refusal> {
        let directive = take_directive(&mut patch)?;
        if directive == Directive::Delete {
            return Ok(None);
        }
        let is_new = old.is_none();
        let place = patch.place.clone();
        let Node::Map(fields) = patch.node else {
            return Ok(None);
        };
        if directive == Directive::Replace {
            return Ok(Some(Tree {
                place,
                node: Node::Map(fields),
            }));
        }
        let mut tree = old.unwrap_or_else(|| Tree::empty(&place));
        for (key, field) in fields {
            if key.starts_with('$') {
                return Err(Refusal(format!(
                    "a patch holds `{key}`, which is not known here"
                )));
            }
            self.path.push(key.clone());
            let merged = self.field(&mut tree, &key, field, is_new);
            self.path.pop();
            merged?;
        }
        Ok(Some(tree))
    }

    fn field(
        &mut self,
        tree: &mut Tree,
        key: &str,
        field: Field,
        is_new: bool,
    ) -> Result<(), Refusal> {
        let Some(map) = tree.map_mut() else {
            return Ok(());
        };
        let old = map.get_mut(key).map(|old| {
            let place = old.value.place.clone();
            let gone = Tree {
                place,
                node: Node::Null,
            };
            std::mem::replace(&mut old.value, gone)
        });
        match self.tree(old, field.value)? {
            Some(value) => {
                if let Some(old) = map.get_mut(key) {
                    old.value = value;
                } else {
                    let key_place = field.key;
                    let field = Field {
                        key: key_place,
                        value,
                    };
                    map.insert(key.to_owned(), field);
                }
            }
            None if is_new => {}
            None => {
                map.shift_remove(key);
            }
        }
        Ok(())
    }

    fn list(&mut self, old: Option<Tree>, mut patch: Tree) -> Result<Option<Tree>, Refusal> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let way = self.schema.list(&path)?;
        if way == ListMerge::Replace {
            return Ok(Some(patch));
        }
        match take_list_directive(&mut patch)? {
            Directive::Delete => return Ok(None),
            Directive::Replace => return Ok(Some(patch)),
            Directive::Merge => {}
        }
        let place = old.as_ref().map_or(&patch.place, |it| &it.place).clone();
        let items = |tree: Tree| match tree.node {
            Node::List(items) => items,
            _ => Vec::new(),
        };
        let (old, patch) = (old.map_or_else(Vec::new, items), items(patch));
        let merged = match way {
            ListMerge::Keyed(keys) => self.keyed(old, patch, keys)?,
            _ => united(old, patch)?,
        };
        Ok(Some(Tree {
            place,
            node: Node::List(merged),
        }))
    }

    /// The items of the patch first, then what it does not name, as Kustomize orders them.
    fn keyed(
        &mut self,
        mut old: Vec<Tree>,
        patch: Vec<Tree>,
        keys: &[&str],
    ) -> Result<Vec<Tree>, Refusal> {
        let keys = telling(&old, &patch, keys)?;
        let mut merged = Vec::new();
        let mut seen = BTreeSet::new();
        for item in patch {
            let name = key_of(&item, &keys);
            if !seen.insert(name.clone()) {
                return Err(Refusal(format!(
                    "a patch names an item of `{}` twice",
                    self.path.join(".")
                )));
            }
            let at = old.iter().position(|it| key_of(it, &keys) == name);
            let before = at.map(|at| old.remove(at));
            if let Some(item) = self.tree(before, item)?
                && item.map().is_some_and(|map| !map.is_empty())
            {
                merged.push(item);
            }
        }
        merged.append(&mut old);
        Ok(merged)
    }
}

/// The keys that the items have; every item must have the first one, and no two may be equal.
fn telling<'k>(old: &[Tree], patch: &[Tree], keys: &[&'k str]) -> Result<Vec<&'k str>, Refusal> {
    let has = |item: &Tree, key: &str| item.scalar_at(key).is_some();
    let all = || old.iter().chain(patch);
    let Some((first, rest)) = keys.split_first() else {
        return Ok(Vec::new());
    };
    if let Some(item) = all().find(|item| !has(item, first)) {
        let line = item.place.file.position(item.place.span.start).line;
        return Err(Refusal(format!(
            "an item of a list that is merged by `{first}` has none (`{}`, line {line})",
            item.place.file.path()
        )));
    }
    let mut telling = vec![*first];
    for key in rest {
        let having = all().filter(|item| has(item, key)).count();
        if having == old.len() + patch.len() {
            telling.push(key);
        } else if having > 0 && !is_told_by(old, &telling) {
            return Err(Refusal(format!("some items of a list have no `{key}`")));
        }
    }
    if !is_told_by(old, &telling) {
        return Err(Refusal(format!(
            "items of a list that is merged by `{first}` are not told apart by it"
        )));
    }
    Ok(telling)
}

fn is_told_by(items: &[Tree], keys: &[&str]) -> bool {
    let names: BTreeSet<Vec<String>> = items.iter().map(|item| key_of(item, keys)).collect();
    names.len() == items.len()
}

fn key_of(item: &Tree, keys: &[&str]) -> Vec<String> {
    keys.iter()
        .map(|key| item.scalar_at(key).unwrap_or_default())
        .collect()
}

fn united(old: Vec<Tree>, patch: Vec<Tree>) -> Result<Vec<Tree>, Refusal> {
    if patch.iter().chain(&old).any(|item| item.scalar().is_none()) {
        return Err(Refusal::new("a list of texts holds something else"));
    }
    let mut merged = patch;
    for item in old {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    Ok(merged)
}

fn take_directive(patch: &mut Tree) -> Result<Directive, Refusal> {
    let taken = patch.map_mut().and_then(|map| map.shift_remove(DIRECTIVE));
    directive(taken)
}

fn directive(field: Option<Field>) -> Result<Directive, Refusal> {
    let Some(field) = field else {
        return Ok(Directive::Merge);
    };
    match field.value.scalar().as_deref() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        other => Err(Refusal(format!(
            "`{DIRECTIVE}: {}` means nothing",
            other.unwrap_or("")
        ))),
    }
}

/// The directive of a list: an item of its own that holds nothing else.
fn take_list_directive(patch: &mut Tree) -> Result<Directive, Refusal> {
    let Node::List(items) = &mut patch.node else {
        return Ok(Directive::Merge);
    };
    let is_alone = |map: &Map| map.len() == 1 && map.contains_key(DIRECTIVE);
    let Some(at) = items
        .iter()
        .position(|item| item.map().is_some_and(is_alone))
    else {
        return Ok(Directive::Merge);
    };
    let mut item = items.remove(at);
    take_directive(&mut item)
}

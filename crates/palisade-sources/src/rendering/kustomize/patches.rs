//! Patches: read, and applied to the objects that they are for.

use super::Refusal;
use super::merge::merge;
use super::operations;
use super::resource::{Resource, Resources, id_of};
use super::schema::Schema;
use super::select::Target;
use super::source::Source;
use crate::rendering::tree::Tree;

/// Most values that one patch may add to all its objects together.
const MAX_COPIED: usize = 1_000_000;

/// A patch.
#[derive(Debug)]
pub(super) struct Patch {
    /// Whether it is applied before the patches of the other list.
    pub(super) goes_first: bool,
    body: Body,
    target: Option<Target>,
}

#[derive(Debug)]
enum Body {
    /// Partial objects.
    Strategic(Vec<Tree>),
    /// A list of operations.
    Operations(Tree),
}

impl Patch {
    /// Reads an item of `patches` or `patchesJson6902`.
    pub(super) fn read(item: &Tree, folder: &str, source: &Source<'_>) -> Result<Self, Refusal> {
        const KEYS: &[&str] = &["patch", "path", "target"];
        let map = item
            .map()
            .ok_or_else(|| Refusal::new("a patch is no mapping"))?;
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Refusal(format!(
                "a patch has `{key}`, which is not built here"
            )));
        }
        let trees = match (item.get("patch"), item.scalar_at("path")) {
            (Some(text), None) => source.inline(text)?,
            (None, Some(path)) => source.trees(folder, &path)?,
            _ => return Err(Refusal::new("a patch needs either `patch` or `path`")),
        };
        let target = item.get("target").map(Target::read).transpose()?;
        let body = match <[Tree; 1]>::try_from(trees) {
            Ok([tree]) if !tree.items().is_empty() => Body::Operations(tree),
            Ok(one) => Body::Strategic(one.into()),
            Err(trees) => Body::Strategic(trees),
        };
        match (&body, &target) {
            (Body::Operations(_), None) => Err(Refusal::new("a json patch has no target")),
            (Body::Strategic(trees), Some(_)) if trees.len() != 1 => Err(Refusal::new(
                "a patch with a target holds more than one object",
            )),
            (Body::Strategic(trees), Some(_)) if trees.iter().any(has_null_labels) => Err(
                Refusal::new("a patch with a target has a label or annotation of null"),
            ),
            (Body::Strategic(trees), _) if trees.iter().any(|tree| tree.map().is_none()) => {
                Err(Refusal::new("a patch holds something that is no object"))
            }
            _ => Ok(Self {
                goes_first: false,
                body,
                target,
            }),
        }
    }

    /// Reads an item of `patchesStrategicMerge`: a file, or a text written out.
    pub(super) fn strategic(
        item: &Tree,
        folder: &str,
        source: &Source<'_>,
    ) -> Result<Self, Refusal> {
        let text = item.scalar().unwrap_or_default();
        let trees = if text.contains('\n') {
            source.inline(item)?
        } else {
            source.trees(folder, &text)?
        };
        Ok(Self {
            goes_first: true,
            body: Body::Strategic(trees),
            target: None,
        })
    }

    /// Applies it.
    pub(super) fn apply(&self, resources: &mut Resources) -> Result<(), Refusal> {
        match (&self.body, &self.target) {
            (Body::Operations(operations), Some(target)) => {
                for resource in resources.list.iter_mut().filter(|it| target.selects(it)) {
                    resource.remember();
                    operations::apply(&mut resource.tree, operations)?;
                    if resource.id().name.is_empty() {
                        return Err(Refusal::new("a json patch takes the name of an object"));
                    }
                }
                Ok(())
            }
            (Body::Operations(_), None) => Err(Refusal::new("a json patch has no target")),
            (Body::Strategic(patches), Some(target)) => {
                for patch in patches {
                    let selected = resources.list.iter().filter(|it| target.selects(it));
                    if selected.count().saturating_mul(patch.size()) > MAX_COPIED {
                        return Err(Refusal::new("a patch is copied into too many objects"));
                    }
                    for at in (0..resources.list.len()).rev() {
                        if resources.list.get(at).is_some_and(|it| target.selects(it)) {
                            merge_at(resources, at, patch)?;
                        }
                    }
                }
                Ok(())
            }
            (Body::Strategic(patches), None) => {
                for patch in patches {
                    let at = resources.find(&id_of(patch))?;
                    merge_at(resources, at, patch)?;
                }
                Ok(())
            }
        }
    }
}

/// Kustomize makes a text of such a null, where it copies a patch to many objects.
fn has_null_labels(patch: &Tree) -> bool {
    ["labels", "annotations"].iter().any(|key| {
        let map = patch.at(&["metadata", key]).and_then(Tree::map);
        map.is_some_and(|map| map.values().any(|field| field.value.is_null()))
    })
}

/// Merges a patch into one object, which keeps its kind and name.
fn merge_at(resources: &mut Resources, at: usize, patch: &Tree) -> Result<(), Refusal> {
    let Some(resource) = resources.list.get_mut(at) else {
        return Ok(());
    };
    let mut patch = patch.clone();
    if let Some(map) = patch.map_mut() {
        map.shift_remove("apiVersion");
        map.shift_remove("kind");
    }
    if let Some(map) = patch.get_mut("metadata").and_then(Tree::map_mut) {
        map.shift_remove("name");
        map.shift_remove("namespace");
    }
    match merged(resource, &patch)? {
        Some(tree) => resource.tree = tree,
        None => {
            resources.list.remove(at);
        }
    }
    Ok(())
}

fn merged(resource: &Resource, patch: &Tree) -> Result<Option<Tree>, Refusal> {
    let (group, version) = resource.group_version();
    let schema = Schema::of(group, version, resource.kind());
    merge(resource.tree.clone(), patch, &schema)
}

//! Finds the fields of objects that a transformation is about, through lists, and makes missing ones.

use super::Refusal;
use super::resource::Resource;
use crate::rendering::tree::{Field, Node, Place, Tree};

/// Which field of which objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldPath {
    /// API group; empty for any.
    pub(super) group: &'static str,
    /// API version; empty for any.
    pub(super) version: &'static str,
    /// Kind; empty for any.
    pub(super) kind: &'static str,
    /// Keys, separated by `/`; lists on the way are passed through.
    pub(super) path: &'static str,
    /// Whether missing mappings on the way are made.
    pub(super) create: bool,
}

impl FieldPath {
    /// A field of every object of a kind, whatever its group and version.
    pub(super) const fn of(kind: &'static str, path: &'static str, create: bool) -> Self {
        Self {
            group: "",
            version: "",
            kind,
            path,
            create,
        }
    }

    /// A field of the objects of a kind of one group.
    pub(super) const fn in_group(
        group: &'static str,
        kind: &'static str,
        path: &'static str,
        create: bool,
    ) -> Self {
        Self {
            group,
            version: "",
            kind,
            path,
            create,
        }
    }

    /// A field of the objects of a kind of one version.
    pub(super) const fn in_version(
        version: &'static str,
        kind: &'static str,
        path: &'static str,
        create: bool,
    ) -> Self {
        Self {
            group: "",
            version,
            kind,
            path,
            create,
        }
    }

    /// Whether it is about an object.
    pub(super) fn applies(&self, resource: &Resource) -> bool {
        let (group, version) = resource.group_version();
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(self.group, group) && fits(self.version, version) && fits(self.kind, resource.kind())
    }
}

/// What is missing at the end of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Missing<'a> {
    /// Stays missing.
    Stays,
    /// Is made: null, to be filled, with this place.
    Null(&'a Place),
    /// Is made: an empty mapping with this place.
    Map(&'a Place),
}

/// Applies a change to the fields at the end of a path, in every item of the lists on the way.
pub(super) fn visit(
    tree: &mut Tree,
    path: &[&str],
    missing: Missing<'_>,
    change: &mut dyn FnMut(&mut Tree) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let Some((first, rest)) = path.split_first() else {
        return change(tree);
    };
    match &mut tree.node {
        Node::Null => Ok(()),
        Node::List(items) => items
            .iter_mut()
            .try_for_each(|item| visit(item, path, missing, change)),
        Node::Map(map) => {
            let (key, is_list) = match first.strip_suffix("[]") {
                Some(key) => (key, true),
                None => (*first, false),
            };
            let is_missing = map.get(key).is_none_or(|field| field.value.is_null());
            let made = match missing {
                Missing::Null(place) if rest.is_empty() => Some((place, Node::Null)),
                Missing::Null(place) | Missing::Map(place) => {
                    Some((place, Tree::empty(place).node))
                }
                Missing::Stays => None,
            };
            if let Some((place, node)) = made.filter(|_| is_missing && !is_list) {
                let field = Field {
                    key: place.clone(),
                    value: Tree {
                        place: place.clone(),
                        node,
                    },
                };
                map.insert(key.to_owned(), field);
            }
            match map.get_mut(key) {
                Some(field) if !is_missing || made_here(missing, is_list) => {
                    visit(&mut field.value, rest, missing, change)
                }
                _ => Ok(()),
            }
        }
        _ => Err(Refusal(format!(
            "`{first}` is looked for in something that is no mapping"
        ))),
    }
}

fn made_here(missing: Missing<'_>, is_list: bool) -> bool {
    !is_list && !matches!(missing, Missing::Stays)
}

/// The keys of a path; `\/` is a slash in a key.
pub(super) fn keys(path: &str) -> Vec<String> {
    path.replace("\\/", "\u{0}")
        .split('/')
        .map(|key| key.replace('\u{0}', "/"))
        .collect()
}

/// Applies a change to a field of an object, if the path is about it.
pub(super) fn apply(
    resource: &mut Resource,
    field: &FieldPath,
    missing: Missing<'_>,
    change: &mut dyn FnMut(&mut Tree) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if !field.applies(resource) {
        return Ok(());
    }
    let keys = keys(field.path);
    let path: Vec<&str> = keys.iter().map(String::as_str).collect();
    let missing = if field.create {
        missing
    } else {
        Missing::Stays
    };
    visit(&mut resource.tree, &path, missing, change)
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn a_slash_in_a_key_is_escaped() {
        assert_eq!(
            keys("metadata/annotations/a.io\\/b"),
            ["metadata", "annotations", "a.io/b"]
        );
    }
}

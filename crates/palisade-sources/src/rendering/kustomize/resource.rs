//! One object of a build, with the names that it had on the way.

use std::collections::BTreeSet;

use super::Refusal;
use super::cluster::is_cluster_scoped;
use crate::rendering::tree::{Node, Place, Tree};

/// What names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id {
    /// API group; empty for the core group.
    pub(super) group: String,
    /// API version.
    pub(super) version: String,
    /// Kind.
    pub(super) kind: String,
    /// Name.
    pub(super) name: String,
    /// Namespace as written; empty when it is not.
    pub(super) namespace: String,
}

impl Id {
    /// The namespace that counts, `default` when none is written; `None` for objects of the cluster.
    pub(super) fn effective_namespace(&self) -> Option<&str> {
        if is_cluster_scoped(&self.group, &self.kind) {
            return None;
        }
        Some(match self.namespace.as_str() {
            "" => "default",
            name => name,
        })
    }

    /// Whether both name the same object.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.group == other.group
            && self.version == other.version
            && self.kind == other.kind
            && self.name == other.name
            && self.effective_namespace() == other.effective_namespace()
    }
}

/// One object of a build.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    /// What it says.
    pub(super) tree: Tree,
    /// The names that it had before, the first one first.
    previous: Vec<Id>,
    /// Whether its name ends in a hash of its content.
    pub(super) wants_hash: bool,
}

impl Resource {
    /// An object as read; it must have a kind and a name.
    pub(super) fn new(tree: Tree) -> Result<Self, Refusal> {
        let resource = Self {
            tree,
            previous: Vec::new(),
            wants_hash: false,
        };
        let id = resource.id();
        if id.kind.is_empty() || id.version.is_empty() || id.name.is_empty() {
            return Err(Refusal::new("an object has no kind, API version or name"));
        }
        Ok(resource)
    }

    /// The kind.
    pub(super) fn kind(&self) -> &str {
        self.tree.get("kind").and_then(Tree::as_text).unwrap_or("")
    }

    /// Group and version.
    pub(super) fn group_version(&self) -> (&str, &str) {
        let written = self.tree.get("apiVersion").and_then(Tree::as_text);
        let written = written.unwrap_or("");
        written.split_once('/').unwrap_or(("", written))
    }

    /// What names it now.
    pub(super) fn id(&self) -> Id {
        id_of(&self.tree)
    }

    /// What named it first.
    pub(super) fn original(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// The names that it had before.
    pub(super) fn previous(&self) -> &[Id] {
        &self.previous
    }

    /// Whether it has or had a name.
    pub(super) fn is_named(&self, id: &Id) -> bool {
        self.previous.iter().any(|it| it.is_same(id)) || self.id().is_same(id)
    }

    /// Takes note of its name before a change.
    pub(super) fn remember(&mut self) {
        let id = self.id();
        if self.previous.last() != Some(&id) {
            self.previous.push(id);
        }
    }

    /// Gives it another name, which stands where the old one was written.
    pub(super) fn rename(&mut self, name: String) {
        if let Some(old) = self
            .tree
            .get_mut("metadata")
            .and_then(|metadata| metadata.get_mut("name"))
        {
            old.node = Node::Text(name);
        }
    }

    /// Sets a text of its metadata.
    pub(super) fn set_metadata(&mut self, key: &str, text: &str, place: &Place) {
        if let Some(metadata) = self.tree.map_under("metadata", place) {
            metadata.set(key, Tree::text(text, place));
        }
    }
}

/// What names a tree.
pub(super) fn id_of(tree: &Tree) -> Id {
    let text = |path: &[&str]| tree.at(path).and_then(Tree::scalar).unwrap_or_default();
    let api_version = text(&["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    Id {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text(&["kind"]),
        name: text(&["metadata", "name"]),
        namespace: text(&["metadata", "namespace"]),
    }
}

/// All objects of a build, in order.
#[derive(Debug, Default)]
pub(super) struct Resources {
    /// The objects.
    pub(super) list: Vec<Resource>,
}

impl Resources {
    /// The one object that has or had a name.
    pub(super) fn find(&self, id: &Id) -> Result<usize, Refusal> {
        let mut found =
            (0..self.list.len()).filter(|at| self.list.get(*at).is_some_and(|it| it.is_named(id)));
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (None, _) => Err(Refusal(format!(
                "a patch is for `{}` `{}`, which is not there",
                id.kind, id.name
            ))),
            (Some(_), Some(_)) => Err(Refusal(format!(
                "a patch is for `{}` `{}`, which is there more than once",
                id.kind, id.name
            ))),
        }
    }

    /// Refuses two objects of one name.
    pub(super) fn check_names(&self) -> Result<(), Refusal> {
        let mut seen = BTreeSet::new();
        for resource in &self.list {
            let id = resource.id();
            let namespace = id.effective_namespace().map(str::to_owned);
            if !seen.insert((id.group, id.version, id.kind, id.name.clone(), namespace)) {
                return Err(Refusal(format!("two objects end up named `{}`", id.name)));
            }
        }
        Ok(())
    }
}

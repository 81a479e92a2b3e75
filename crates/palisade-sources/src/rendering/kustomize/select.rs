//! Selectors: which objects a patch or replacement is for.

use regex::{Regex, RegexBuilder};

use super::Refusal;
use super::resource::{Id, Resource};
use crate::rendering::tree::Tree;

/// Most bytes that a compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// Which objects are meant.
#[derive(Debug)]
pub(super) struct Target {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// `key`, `!key`, `key=value` or `key!=value`.
#[derive(Debug)]
struct Requirement {
    key: String,
    value: Option<String>,
    is_wanted: bool,
}

const KEYS: &[&str] = &[
    "annotationSelector",
    "group",
    "kind",
    "labelSelector",
    "name",
    "namespace",
    "version",
];

impl Target {
    /// Reads a selector.
    pub(super) fn read(tree: &Tree) -> Result<Self, Refusal> {
        let map = tree
            .map()
            .ok_or_else(|| Refusal::new("a target is no mapping"))?;
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Refusal(format!(
                "a target has `{key}`, which is not known here"
            )));
        }
        let pattern = |key: &str| match tree.scalar_at(key) {
            Some(text) if !text.is_empty() => anchored(&text).map(Some),
            _ => Ok(None),
        };
        let selector = |key: &str| requirements(&tree.scalar_at(key).unwrap_or_default());
        Ok(Self {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: selector("labelSelector")?,
            annotations: selector("annotationSelector")?,
        })
    }

    /// Whether an object is meant, by the first or the present of its names.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let (first, now) = (resource.original(), resource.id());
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text))
        };
        let in_namespace = |id: &Id| {
            let namespace = id.effective_namespace();
            fits(&self.namespace, namespace.unwrap_or("_non_namespaceable_"))
        };
        (in_namespace(&first) || in_namespace(&now))
            && (fits(&self.name, &first.name) || fits(&self.name, &now.name))
            && fits(&self.group, &now.group)
            && fits(&self.version, &now.version)
            && fits(&self.kind, &now.kind)
            && holds(&self.labels, resource, "labels")
            && holds(&self.annotations, resource, "annotations")
    }
}

/// A pattern that must match a whole text.
pub(super) fn anchored(text: &str) -> Result<Regex, Refusal> {
    RegexBuilder::new(&format!("^(?:{text})$"))
        .size_limit(PATTERN_BYTES)
        .build()
        .map_err(|_| Refusal(format!("`{text}` is no pattern that is known here")))
}

fn requirements(text: &str) -> Result<Vec<Requirement>, Refusal> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            if part.contains(['(', ')', ' ']) {
                return Err(Refusal(format!("the selector `{text}` is not known here")));
            }
            let (key, value, is_wanted) = if let Some((key, value)) = part.split_once("!=") {
                (key, Some(value), false)
            } else if let Some((key, value)) = part.split_once('=') {
                (key, Some(value.trim_start_matches('=')), true)
            } else if let Some(key) = part.strip_prefix('!') {
                (key, None, false)
            } else {
                (part, None, true)
            };
            Ok(Requirement {
                key: key.to_owned(),
                value: value.map(str::to_owned),
                is_wanted,
            })
        })
        .collect()
}

fn holds(requirements: &[Requirement], resource: &Resource, field: &str) -> bool {
    requirements.iter().all(|requirement| {
        let found = resource
            .tree
            .at(&["metadata", field, &requirement.key])
            .and_then(Tree::scalar);
        let matches = match (&found, &requirement.value) {
            (Some(found), Some(wanted)) => found == wanted,
            (found, None) => found.is_some(),
            (None, Some(_)) => false,
        };
        matches == requirement.is_wanted
    })
}

//! Which kustomizations there are, and which refer to which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Syntax, SyntaxSeverity, Value, parse};

use super::super::Texts;
use crate::paths;

/// Keys that name other kustomizations or manifests.
const RESOURCES: &[&str] = &["resources", "bases", "components"];
/// Keys that name files which are no manifests by themselves.
const PARTS: &[&str] = &[
    "configurations",
    "crds",
    "generators",
    "patchesStrategicMerge",
    "transformers",
    "validators",
];
/// Keys whose items name a file under `path`.
const PATCHES: &[&str] = &["patches", "patchesJson6902", "replacements"];
/// Keys that leave the resources as they stand.
const HARMLESS: &[&str] = &["apiVersion", "kind", "metadata", "resources", "bases"];

/// One kustomization.
#[derive(Debug)]
pub(super) struct Kustomization {
    /// Its file.
    pub(super) file: Arc<SourceFile>,
    /// Its folder, without a trailing `/`; empty for the root.
    pub(super) folder: String,
    /// Whether it is a component, which counts only where it is included.
    pub(super) is_component: bool,
    /// Whether it does more than list resources.
    pub(super) changes: bool,
    /// Files and folders that it takes in.
    pub(super) resources: Vec<String>,
    /// Patches and other files that are no manifests.
    pub(super) parts: Vec<String>,
    /// Why it cannot be rendered without leaving the root: a reference to the outside.
    pub(super) outside: Option<String>,
    /// What is wrong with its text.
    pub(super) broken: Option<String>,
}

/// Every kustomization, by folder.
pub(super) fn find(files: &Texts, limits: &Limits) -> BTreeMap<String, Kustomization> {
    let is_named = |path: &str| {
        matches!(
            path.rsplit('/').next(),
            Some("kustomization.yaml" | "kustomization.yml" | "Kustomization")
        )
    };
    files
        .iter()
        .filter(|(path, _)| is_named(path))
        .filter_map(|(_, file)| read(file, limits))
        .map(|it| (it.folder.clone(), it))
        .collect()
}

fn read(file: &Arc<SourceFile>, limits: &Limits) -> Option<Kustomization> {
    let folder = file
        .path()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let (document, errors) = parse(Arc::clone(file), Syntax::Yaml, limits);
    let fatal = errors
        .into_iter()
        .find(|error| error.severity == SyntaxSeverity::Fatal);
    let value = document.roots().next();
    let text = |key: &str| value?.get(key)?.as_str();
    // Flux has a kind of the same name, which is an ordinary object.
    if text("apiVersion").is_some_and(|version| version.contains("fluxcd")) {
        return None;
    }
    let mut found = Kustomization {
        file: Arc::clone(file),
        folder: folder.to_owned(),
        is_component: text("kind") == Some("Component"),
        changes: value.is_some_and(changes),
        resources: Vec::new(),
        parts: Vec::new(),
        outside: None,
        broken: fatal.map(|error| error.message),
    };
    if let Some(value) = value {
        for text in named(value, RESOURCES) {
            found.refer(&text, |found, path| found.resources.push(path));
        }
        let patches = PATCHES.iter().filter_map(|key| value.get(key));
        let paths = patches
            .flat_map(Value::items)
            .filter_map(|item| item.get("path")?.to_text());
        for text in named(value, PARTS).into_iter().chain(paths) {
            // A patch may be written out in place of a file name.
            if !text.contains('\n') {
                found.refer(&text, |found, path| found.parts.push(path));
            }
        }
        if value.get("helmCharts").is_some() {
            found.outside = Some("helmCharts".to_owned());
        }
    }
    Some(found)
}

fn named(value: Value<'_>, keys: &[&str]) -> Vec<String> {
    keys.iter()
        .filter_map(|key| value.get(key))
        .flat_map(Value::items)
        .filter_map(Value::to_text)
        .collect()
}

fn changes(value: Value<'_>) -> bool {
    value.entries().any(|entry| {
        let is_empty =
            entry.value.is_null() || (entry.value.is_array() && entry.value.items().len() == 0);
        !is_empty && !HARMLESS.contains(&entry.key)
    })
}

impl Kustomization {
    fn refer(&mut self, text: &str, add: impl FnOnce(&mut Self, String)) {
        let is_remote = text.contains("://")
            || text.contains("?ref=")
            || text.starts_with("git@")
            || text.starts_with("github.com/");
        match joined(&self.folder, text).filter(|_| !is_remote) {
            Some(path) => add(self, path),
            None => self.outside = Some(text.to_owned()),
        }
    }
}

/// A path relative to a folder; `None` when it leaves the root.
pub(super) fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let joined = paths::joined(folder, path)?;
    // Files beside the folder of the run are named by their whole path.
    let start = if folder.starts_with('/') { "/" } else { "" };
    Some(format!("{start}{joined}"))
}

/// A kustomization's folder and those of all that it takes in.
pub(super) fn closure<'a>(
    all: &'a BTreeMap<String, Kustomization>,
    root: &'a Kustomization,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(next) = waiting.pop() {
        if seen.insert(next.folder.as_str()) {
            waiting.extend(next.resources.iter().filter_map(|path| all.get(path)));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_path_is_relative_to_its_folder_inside_or_beside_the_run() {
        assert_eq!(
            joined("a/b", "../c/./d.yaml").as_deref(),
            Some("a/c/d.yaml")
        );
        assert_eq!(joined("/x/a", "../c").as_deref(), Some("/x/c"));
        assert_eq!(joined("a", "../../c"), None);
        assert_eq!(joined("a", "/c"), None);
    }
}

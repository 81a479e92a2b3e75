//! Takes the policy sets out of a folder.

use std::collections::{BTreeMap, BTreeSet};

use super::configuration::{self, ImportFrom, PolicyEntry, is_override, override_with};
use super::loader::beside;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Bundle;

/// A bundle per `sentinel.hcl` or `sentinel.json` with the files that it names, and one per folder
/// of policies outside of such sets. Paths in a bundle are those in the folder.
pub(super) fn discover(folder: &Folder) -> Result<Vec<Bundle>, PolicyError> {
    let files = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let mut bundles = Vec::new();
    let mut sets = BTreeSet::new();
    for file in &files {
        let (parent, _) = split(file);
        if is_configuration(file) && !in_tests(file) {
            let overrides = files.iter().filter(|other| is_override(file, other));
            bundles.push(set(folder, file, overrides)?);
            sets.insert(parent.to_owned());
        }
    }
    let mut loose: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for file in &files {
        let (parent, _) = split(file);
        if file.ends_with(".sentinel") && !in_tests(file) && !within(&sets, parent) {
            loose.entry(parent).or_default().push(file);
        }
    }
    for (parent, files) in loose {
        let mut bundle = Bundle {
            name: folder.shown(parent).trim_end_matches('/').to_owned(),
            files: BTreeMap::new(),
        };
        let mut policies = 0;
        for path in files {
            let file = folder
                .read(path)
                .map_err(|error| PolicyError::new(error.to_string()))?;
            policies += usize::from(defines_main(file.text()));
            bundle.files.insert(path.clone(), file);
        }
        if policies > 0 {
            bundles.push(bundle);
        }
    }
    Ok(bundles)
}

fn split(file: &str) -> (&str, &str) {
    file.rsplit_once('/').unwrap_or(("", file))
}

/// Whether a file configures a set. A bundle holds one of these, its own.
fn is_configuration(file: &str) -> bool {
    matches!(split(file).1, "sentinel.hcl" | "sentinel.json")
}

/// Whether a path lies in a folder of tests.
fn in_tests(file: &str) -> bool {
    let mut steps = file.split('/');
    steps.any(|step| matches!(step, "test" | "testdata" | "mocks"))
}

fn within(sets: &BTreeSet<String>, folder: &str) -> bool {
    sets.iter().any(|set| {
        set.is_empty()
            || folder == set
            || folder
                .strip_prefix(set.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether a text has a `main`, at the start of a line.
pub(super) fn defines_main(text: &str) -> bool {
    text.lines().any(|line| {
        line.strip_prefix("main")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// A set with its overrides and the files that it names; those that are missing are told when it is
/// compiled.
fn set<'f>(
    folder: &Folder,
    path: &str,
    overrides: impl Iterator<Item = &'f String>,
) -> Result<Bundle, PolicyError> {
    let read = |path: &str| {
        folder
            .read(path)
            .map_err(|error| PolicyError::new(error.to_string()))
    };
    let file = read(path)?;
    let mut bundle = Bundle {
        name: folder.shown(split(path).0).trim_end_matches('/').to_owned(),
        files: BTreeMap::from([(path.to_owned(), std::sync::Arc::clone(&file))]),
    };
    // A configuration that cannot be read is told when it is compiled.
    let mut configuration = configuration::read(&file).unwrap_or_default();
    for path in overrides {
        let file = read(path)?;
        if let Ok(over) = configuration::read(&file) {
            drop(override_with(&mut configuration, over));
        }
        bundle.files.insert(path.clone(), file);
    }
    let policies = configuration.policies.iter().map(PolicyEntry::source);
    let imports = configuration
        .imports
        .iter()
        .filter(|import| !import.is_mock)
        .filter_map(|import| match &import.from {
            ImportFrom::Module(source) | ImportFrom::Static(source) => Some(source.clone()),
            ImportFrom::Data(_) | ImportFrom::Plugin => None,
        });
    for source in policies.chain(imports) {
        if let Ok(path) = beside(path, &source)
            && !is_configuration(&path)
            && let Ok(file) = folder.read_named(&path)
        {
            bundle.files.insert(path, file);
        }
    }
    Ok(bundle)
}

//! Which folders of modules are one bundle.
//!
//! Each topmost folder with modules is a bundle by itself, so that unrelated folders which name
//! their packages alike do not meet. A folder that needs what only another one defines is one with
//! it, as if both had been named to OPA together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_document::SourceFile;

use super::bundle::{is_data, is_module};
use super::checks;
use super::metadata::rule_path;
use super::modules::{Dialect, Loaded, PolicyText, read};
use super::recursion::{own_names, references, resolve};
use crate::error::PolicyError;
use crate::folder::{Folder, ReadError};
use crate::language::Bundle;

/// A folder of modules (with a `/` at its end, or empty) and the base documents beside them.
struct Unit {
    root: String,
    files: BTreeMap<String, Arc<SourceFile>>,
    /// What its packages define: the first names of their rules.
    defined: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// Paths below `data` that it refers to and does not define.
    needs: BTreeSet<Vec<String>>,
}

/// The bundles of a folder's files.
pub(super) fn bundles(folder: &Folder, files: &[String]) -> Result<Vec<Bundle>, PolicyError> {
    let unread = |error: ReadError| PolicyError::new(error.to_string());
    let mut units = Vec::new();
    let mut apart: Vec<&String> = files.iter().filter(|file| is_data(file)).collect();
    for root in roots(files) {
        apart.retain(|file| !file.starts_with(&root));
        let within = files.iter().filter(|file| file.starts_with(&root));
        let mut found = BTreeMap::new();
        for file in within.filter(|file| is_module(file) || is_data(file)) {
            let text = folder.read(file).map_err(unread)?;
            found.insert(file.strip_prefix(&root).unwrap_or(file).to_owned(), text);
        }
        units.push(Unit {
            root,
            files: found,
            defined: BTreeMap::new(),
            needs: BTreeSet::new(),
        });
    }
    if units.len() > 1 || !apart.is_empty() {
        units.iter_mut().for_each(Unit::read);
    }
    let mut groups = Groups::new(units.len());
    for (at, unit) in units.iter().enumerate() {
        for need in &unit.needs {
            for other in nearest(&units, at, need) {
                groups.join(at, other);
            }
        }
    }
    let mut further: BTreeMap<usize, BTreeMap<String, Arc<SourceFile>>> = BTreeMap::new();
    for file in apart {
        let Some(key) = place(file, &units, &mut groups) else {
            continue;
        };
        let text = folder.read(file).map_err(unread)?;
        for (unit, key) in key {
            further
                .entry(unit)
                .or_default()
                .insert(key, Arc::clone(&text));
        }
    }
    let mut bundles = Vec::new();
    for members in groups.members().into_values() {
        let documents = members.iter().filter_map(|member| further.remove(member));
        let documents = documents.flatten().collect();
        let members: Vec<&Unit> = members.iter().filter_map(|at| units.get(*at)).collect();
        bundles.push(bundle(folder, &members, documents));
    }
    Ok(bundles)
}

/// The bundle of some units and of documents beside them.
fn bundle(
    folder: &Folder,
    members: &[&Unit],
    documents: BTreeMap<String, Arc<SourceFile>>,
) -> Bundle {
    let mut roots = members.iter().map(|unit| unit.root.as_str());
    let first = roots.next().unwrap_or("");
    let above = roots.fold(first, common);
    let mut bundle = Bundle {
        name: folder.shown(above).trim_end_matches('/').to_owned(),
        files: documents,
    };
    for unit in members {
        let below = unit.root.strip_prefix(above).unwrap_or(&unit.root);
        for (name, text) in &unit.files {
            let key = match (below, is_module(name)) {
                ("", _) => name.clone(),
                (_, true) => format!("{below}{name}"),
                // A base document stands where its own folder says.
                (_, false) => format!("{below}/{name}"),
            };
            bundle.files.insert(key, Arc::clone(text));
        }
    }
    bundle
}

impl Unit {
    /// Reads what its modules define and need; those that do not parse say nothing.
    fn read(&mut self) {
        let mut modules: Vec<Loaded> = Vec::new();
        for (name, file) in self.files.iter().filter(|(name, _)| is_module(name)) {
            let text = PolicyText::file(name, file, Dialect::Told);
            if let Ok((module, annotations)) = read(&text) {
                modules.push(Loaded {
                    text,
                    module,
                    annotations,
                });
            }
        }
        let mut needs = BTreeSet::new();
        for module in modules.iter().map(|loaded| &loaded.module) {
            let names = self.defined.entry(module.package.clone()).or_default();
            let paths = module.rules.iter().map(rule_path);
            names.extend(paths.filter_map(|path| path.into_iter().next()));
            let own = own_names(module);
            for path in module.rules.iter().flat_map(references) {
                needs.extend(resolve(module, &own, path));
            }
            let imports = module.imports.iter().filter_map(|import| {
                let (root, path) = import.path.split_first()?;
                (root == "data" && !path.is_empty()).then(|| path.to_vec())
            });
            needs.extend(imports);
        }
        let gone = BTreeMap::new();
        for (module, name) in checks::undefined_names(&modules, &gone) {
            needs.insert([module.package.as_slice(), &[name]].concat());
        }
        needs.retain(|need| !self.defines(need));
        self.needs = needs;
    }

    /// Whether some rule of it may be at a path, or below it.
    fn defines(&self, path: &[String]) -> bool {
        self.defined.iter().any(
            |(package, names)| match path.strip_prefix(package.as_slice()) {
                Some([]) => true,
                Some([name, ..]) => names.contains(name),
                None => package.starts_with(path),
            },
        )
    }
}

/// The other units that define what one needs: those whose folders are nearest to its own.
fn nearest(units: &[Unit], from: usize, need: &[String]) -> Vec<usize> {
    let Some(own) = units.get(from) else {
        return Vec::new();
    };
    let distance = |other: &Unit| common(&own.root, &other.root).matches('/').count();
    let defining = units
        .iter()
        .enumerate()
        .filter(|(at, unit)| *at != from && unit.defines(need));
    let defining: Vec<(usize, usize)> = defining.map(|(at, unit)| (distance(unit), at)).collect();
    let most = defining.iter().map(|(distance, _)| *distance).max();
    let nearest = defining.iter().filter(|(near, _)| Some(*near) == most);
    nearest.map(|(_, at)| *at).collect()
}

/// Where a base document outside of all units belongs: to the units below its folder, which are
/// one then; else to those that refer to a path that its folders name, below the keys that they
/// refer to.
fn place(file: &str, units: &[Unit], groups: &mut Groups) -> Option<Vec<(usize, String)>> {
    let (folder, name) = match file.rfind('/') {
        Some(at) => (file.get(..=at)?, file.get(at + 1..)?),
        None => ("", file),
    };
    let below: Vec<usize> = (0..units.len())
        .filter(|at| {
            units
                .get(*at)
                .is_some_and(|unit| unit.root.starts_with(folder))
        })
        .collect();
    if let Some((first, rest)) = below.split_first() {
        for other in rest {
            groups.join(*first, *other);
        }
        return Some(vec![(*first, format!("/{folder}/{name}"))]);
    }
    let keys: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    let found: Vec<(usize, String)> = units
        .iter()
        .enumerate()
        .filter_map(|(at, unit)| {
            let start = (0..keys.len()).find(|start| {
                let path = keys.get(*start..).unwrap_or(&[]);
                unit.needs.iter().any(|need| {
                    let mut pairs = need.iter().zip(path);
                    !path.is_empty() && pairs.all(|(need, key)| need == key)
                })
            })?;
            let (before, after) = keys.split_at(start);
            Some((
                at,
                format!("{}//{}/{name}", before.join("/"), after.join("/")),
            ))
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Topmost folders (with a `/` at the end, or empty) that hold modules.
fn roots(files: &[String]) -> BTreeSet<String> {
    let folders: BTreeSet<&str> = files
        .iter()
        .filter(|file| is_module(file))
        .map(|file| {
            file.rfind('/')
                .map_or("", |at| file.get(..=at).unwrap_or(""))
        })
        .collect();
    folders
        .iter()
        .filter(|folder| {
            !folders
                .iter()
                .any(|other| other != *folder && folder.starts_with(other))
        })
        .map(|folder| (*folder).to_owned())
        .collect()
}

/// The folder that two lie in.
fn common<'p>(left: &'p str, right: &str) -> &'p str {
    let mut end = 0;
    for (at, (one, other)) in left.bytes().zip(right.bytes()).enumerate() {
        if one != other {
            break;
        }
        if one == b'/' {
            end = at + 1;
        }
    }
    left.get(..end).unwrap_or("")
}

/// Units that are one bundle.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The first of the group that a unit is in.
    fn first(&self, mut at: usize) -> usize {
        while let Some(above) = self.0.get(at).filter(|above| **above != at) {
            at = *above;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        if let Some(above) = self.0.get_mut(one.max(other)) {
            *above = one.min(other);
        }
    }

    fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            found.entry(self.first(at)).or_default().push(at);
        }
        found
    }
}

//! Which packages of a bundle run when some hold mistakes: those that need none of these, so that
//! what runs answers as it would beside all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checks;
use super::metadata::rule_path;
use super::modules::{Loaded, PolicyText, located, read};
use super::recursion::{self, own_names, references, resolve};
use super::rewrite::Overlaps;
use super::syntax::{Module, parse};
use crate::error::PolicyError;

/// A package that does not run, and why.
#[derive(Debug, Clone)]
pub(super) struct LeftOut {
    /// Its path, with dots.
    pub(super) package: String,
    pub(super) error: PolicyError,
    pub(super) cause: Cause,
}

/// Why a package does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A mistake in one of its modules.
    Mistake,
    /// It needs a package that does not run.
    Need,
}

/// A mistake in one of the modules that may still run.
pub(super) type Found = (usize, PolicyError);

/// The modules of a bundle that may run.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) modules: Vec<Loaded>,
    pub(super) left_out: Vec<LeftOut>,
    gone: BTreeMap<Vec<String>, Definitions>,
}

/// What a package that is left out defines.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// First names of its rules.
    names: BTreeSet<String>,
    /// Its texts that do not parse: they may define what they mention.
    texts: Vec<Arc<str>>,
}

impl Definitions {
    fn may_define(&self, name: &str) -> bool {
        self.names.contains(name) || self.texts.iter().any(|text| text.contains(name))
    }
}

impl Candidates {
    /// Reads texts. `Err` is for one whose package cannot be told: what needs it is not known.
    pub(super) fn read(texts: Vec<PolicyText>) -> Result<Self, Vec<PolicyError>> {
        let mut candidates = Self::default();
        let mut lost = Vec::new();
        for text in texts {
            let mistake = match read(&text) {
                Ok((module, annotations)) => {
                    candidates.modules.push(Loaded {
                        text,
                        module,
                        annotations,
                    });
                    continue;
                }
                Err(mistake) => located(&text, &mistake),
            };
            match package_of(&text.text) {
                Some(package) => {
                    candidates.add(&package, mistake, Cause::Mistake);
                    let known = candidates.gone.entry(package).or_default();
                    known.texts.push(text.text);
                }
                None => lost.push(mistake),
            }
        }
        if lost.is_empty() {
            return Ok(candidates);
        }
        lost.extend(candidates.mistakes());
        Err(lost)
    }

    /// Leaves out what the language forbids, and what needs it.
    pub(super) fn check(&mut self) {
        let overlaps = Overlaps::of(self.modules.iter().map(|loaded| &loaded.module));
        let mut mistakes: Vec<Found> = self.cycle().into_iter().collect();
        mistakes.extend(checks::find(&self.modules, &overlaps, &self.gone));
        self.leave(mistakes);
        while let Some(cycle) = self.cycle() {
            self.leave([cycle]);
        }
    }

    /// The first rule that needs itself.
    fn cycle(&self) -> Option<Found> {
        let cycle = recursion::find(self.modules.iter().map(|loaded| &loaded.module))?;
        let loaded = self.modules.get(cycle.module)?;
        let way = cycle.path.join(" → ");
        let message = format!("this rule needs itself ({way}); the language does not allow that");
        let error = PolicyError::at(loaded.text.origin(cycle.span), message);
        Some((cycle.module, error))
    }

    /// Leaves out the packages of modules with mistakes, and those that need them.
    pub(super) fn leave(&mut self, mistakes: impl IntoIterator<Item = Found>) {
        for (at, error) in mistakes {
            let package = self.modules.get(at).map(|one| one.module.package.clone());
            if let Some(package) = package {
                self.add(&package, error, Cause::Mistake);
                self.gone.entry(package).or_default();
            }
        }
        self.remove();
        while self.leave_needing() {}
    }

    /// Takes the modules of packages that are left out away.
    fn remove(&mut self) {
        let gone = &mut self.gone;
        self.modules.retain(|loaded| {
            let Some(known) = gone.get_mut(&loaded.module.package) else {
                return true;
            };
            known.names.extend(first_names(&loaded.module));
            false
        });
    }

    /// Leaves out the packages that need one that is left out; whether there was one.
    fn leave_needing(&mut self) -> bool {
        let mut needing: BTreeMap<Vec<String>, PolicyError> = BTreeMap::new();
        for loaded in &self.modules {
            let package = &loaded.module.package;
            if needing.contains_key(package) {
                continue;
            }
            let needs = needs(&loaded.module);
            let Some(missing) = needs.iter().find_map(|need| reached(&self.gone, need)) else {
                continue;
            };
            let message = format!(
                "the package `{}` does not run: it may need `{}`, which does not load",
                package.join("."),
                missing.join("."),
            );
            let origin = loaded.text.origin(loaded.module.package_span);
            needing.insert(package.clone(), PolicyError::at(origin, message));
        }
        let is_any = !needing.is_empty();
        for (package, error) in needing {
            self.add(&package, error, Cause::Need);
            self.gone.entry(package).or_default();
        }
        self.remove();
        is_any
    }

    fn add(&mut self, package: &[String], error: PolicyError, cause: Cause) {
        self.left_out.push(LeftOut {
            package: package.join("."),
            error,
            cause,
        });
    }

    /// The mistakes, without the packages that only need those that have one.
    pub(super) fn mistakes(&self) -> Vec<PolicyError> {
        let own = |one: &&LeftOut| one.cause == Cause::Mistake;
        let own = self.left_out.iter().filter(own);
        own.map(|one| one.error.clone()).collect()
    }
}

/// Whether a path (without `data`) may lie in a package that is left out.
pub(super) fn reached<'g>(
    gone: &'g BTreeMap<Vec<String>, Definitions>,
    path: &[String],
) -> Option<&'g [String]> {
    let mut all = gone.iter();
    let found = all.find(|(package, known)| {
        let within = path.strip_prefix(package.as_slice());
        match within.map(<[String]>::first) {
            Some(Some(name)) => known.may_define(name),
            Some(None) => true,
            None => package.starts_with(path),
        }
    });
    found.map(|(package, _)| package.as_slice())
}

/// The paths (without `data`) that a module's rules may refer to, or share with another package.
/// A name that a rule declares for itself counts as well: one too many is safe.
fn needs(module: &Module) -> BTreeSet<Vec<String>> {
    let own = own_names(module);
    let mut found = BTreeSet::new();
    for name in first_names(module) {
        found.insert([module.package.as_slice(), &[name]].concat());
    }
    for path in module.rules.iter().flat_map(references) {
        match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["data"] => {
                found.insert(Vec::new());
            }
            // It sees what the packages above say of those below.
            ["rego", "metadata", "chain"] => {
                found.insert(module.package.iter().take(1).cloned().collect());
            }
            _ => found.extend(resolve(module, &own, path)),
        }
    }
    found
}

/// The first names of a module's rules.
fn first_names(module: &Module) -> impl Iterator<Item = String> {
    let paths = module.rules.iter().map(rule_path);
    paths.filter_map(|path| path.into_iter().next())
}

/// The package that a text names, where the text as a whole does not parse.
fn package_of(text: &str) -> Option<Vec<String>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let line = lines.find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    })?;
    let (line, _) = line.split_once(';').unwrap_or((line, ""));
    let module = parse(line).ok()?;
    (!module.package.is_empty() && module.rules.is_empty()).then_some(module.package)
}

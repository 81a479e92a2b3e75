//! Which checks run: `--only` and `--skip` by id, slug, pattern, or another tool's id.

use std::collections::BTreeSet;

use palisade_model::{CheckId, PatternId};
use palisade_patterns::{Unit, find, patterns};

use crate::failure::UsageError;

/// The checks that run.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    only: Option<BTreeSet<CheckId>>,
    skip: BTreeSet<CheckId>,
}

impl Selection {
    /// Resolves names; an empty `only` means everything.
    pub(crate) fn of(only: &[String], skip: &[String]) -> Result<Self, UsageError> {
        let only = if only.is_empty() {
            None
        } else {
            Some(resolve(only)?)
        };
        Ok(Self {
            only,
            skip: resolve(skip)?,
        })
    }

    /// Whether a check is left out by name.
    pub(crate) fn skips(&self, check: CheckId) -> bool {
        self.skip.contains(&check)
    }

    /// Whether a check runs.
    pub(crate) fn wants(&self, check: CheckId) -> bool {
        let wanted = self.only.as_ref().is_none_or(|only| only.contains(&check));
        wanted && !self.skip.contains(&check)
    }
}

fn resolve(names: &[String]) -> Result<BTreeSet<CheckId>, UsageError> {
    let mut checks = BTreeSet::new();
    for name in names
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
    {
        let found = named(name);
        if found.is_empty() {
            return Err(unknown(name));
        }
        checks.extend(found.into_iter().map(|unit| unit.check.id));
    }
    Ok(checks)
}

/// The checks of an id, slug, pattern number, pattern slug, or another tool's id.
pub(crate) fn named(name: &str) -> Vec<&'static Unit> {
    let found = find(name);
    if !found.is_empty() {
        return found;
    }
    pattern(name).map_or_else(Vec::new, |id| {
        let of_it = patterns().iter().filter(|pattern| pattern.id == id);
        of_it.flat_map(|pattern| pattern.units).collect()
    })
}

/// The pattern of a number or slug.
pub(crate) fn pattern(name: &str) -> Option<PatternId> {
    match name.parse::<u8>() {
        Ok(number) => PatternId::new(number),
        Err(_) => PatternId::all().find(|pattern| pattern.slug().eq_ignore_ascii_case(name)),
    }
}

/// The error for a name that no check and no pattern has.
pub(crate) fn unknown(name: &str) -> UsageError {
    let help = nearest_name(name).map(|near| format!("did you mean `{near}`?"));
    UsageError::new(format!("no check or pattern is called `{name}`")).help(help)
}

/// The id, slug or other tool's id that is most like a wrong one.
pub(crate) fn nearest_name(name: &str) -> Option<String> {
    let units = || patterns().iter().flat_map(|pattern| pattern.units);
    let checks = || units().map(|unit| &unit.check);
    let mut known: Vec<String> = checks().map(|check| check.id.to_string()).collect();
    known.extend(checks().map(|check| check.slug.to_owned()));
    known.extend(PatternId::all().map(|pattern| pattern.slug().to_owned()));
    let others = checks().flat_map(|check| check.equivalents);
    known.extend(others.map(|other| other.id.to_owned()));
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}

/// The known word that is most like a wrong one, if one is like it at all; the first of equals.
pub(crate) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.8;
    let wrong = wrong.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for word in known {
        let score = strsim::jaro_winkler(&wrong, &word.to_lowercase());
        if score > best.map_or(ALIKE, |(known, _)| known) {
            best = Some((score, word));
        }
    }
    best.map(|(_, word)| word)
}

//! What makes one list of another: names that are taken away, and runs of entries that are put in.
//!
//! Entries that stay keep their order. A run stands behind one of them, or at the beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::held::Unusable;
use super::{Digest, Line, List, Rules};
use crate::TrustDomain;
use crate::nodes::proto::{Entries, Run};

impl List {
    /// The whole list.
    pub(crate) fn whole(&self) -> Entries {
        let run = Run {
            after: String::new(),
            entries: self.lines.iter().map(|line| line.text.clone()).collect(),
        };
        Entries {
            from: Bytes::new(),
            to: sent(&self.digest),
            removed: Vec::new(),
            runs: vec![run],
            rules: Some(self.rules.text.clone()),
        }
    }

    /// What makes this list of an older one; the whole where that is less.
    pub(crate) fn since(&self, old: &Self) -> Entries {
        if self.trust_domain != old.trust_domain {
            return self.whole();
        }
        let is_same = |(one, other): &(&Arc<Line>, &Arc<Line>)| one.digest == other.digest;
        let begin = self
            .lines
            .iter()
            .zip(&old.lines)
            .take_while(is_same)
            .count();
        let shorter = self.lines.len().min(old.lines.len()).saturating_sub(begin);
        let backwards = self.lines.iter().rev().zip(old.lines.iter().rev());
        let end = backwards.take(shorter).take_while(is_same).count();
        let middle = |lines: &'_ [Arc<Line>]| begin..lines.len().saturating_sub(end);
        let (new_lines, old_lines) = (
            self.lines.get(middle(&self.lines)).unwrap_or_default(),
            old.lines.get(middle(&old.lines)).unwrap_or_default(),
        );
        let before = begin.checked_sub(1).and_then(|last| self.lines.get(last));
        let runs = runs(before, new_lines, old_lines);
        let put = runs.iter().map(|run| run.entries.len()).sum::<usize>();
        if put > 0 && put >= self.lines.len() {
            return self.whole();
        }
        let stays: BTreeSet<&str> = new_lines.iter().map(|line| line.name()).collect();
        let removed = old_lines.iter().filter(|line| !stays.contains(line.name()));
        let new_rules = self.rules.digest != old.rules.digest;
        Entries {
            from: sent(&old.digest),
            to: sent(&self.digest),
            removed: removed.map(|line| line.name().to_owned()).collect(),
            runs,
            rules: new_rules.then(|| self.rules.text.clone()),
        }
    }

    /// The list that comes of a change.
    pub(super) fn changed(
        old: Option<&Self>,
        trust_domain: &TrustDomain,
        change: Entries,
    ) -> Result<Self, Unusable> {
        let broken = |error: serde_json::Error| Unusable::Broken(error.to_string());
        let base = if change.from.is_empty() {
            None
        } else {
            let known = old.filter(|old| old.digest[..] == change.from[..]);
            Some(known.ok_or(Unusable::OutOfStep)?)
        };
        let rules = match (change.rules, base) {
            (Some(text), _) => Arc::new(Rules::read(text).map_err(broken)?),
            (None, Some(base)) => Arc::clone(&base.rules),
            (None, None) => return Err(Unusable::Broken("there are no rules".to_owned())),
        };
        let mut gone: BTreeSet<String> = change.removed.into_iter().collect();
        let mut put: BTreeMap<String, Vec<Arc<Line>>> = BTreeMap::new();
        for run in change.runs {
            let lines = put.entry(run.after).or_default();
            for text in run.entries {
                let line = Line::read(text).map_err(broken)?;
                gone.insert(line.name().to_owned());
                lines.push(Arc::new(line));
            }
        }
        let mut lines = put.remove("").unwrap_or_default();
        let old_lines = base.map_or(&[][..], |base| &base.lines);
        for line in old_lines.iter().filter(|line| !gone.contains(line.name())) {
            lines.push(Arc::clone(line));
            lines.extend(put.remove(line.name()).unwrap_or_default());
        }
        let list = Self::new(trust_domain.clone(), lines, rules);
        if list.digest[..] != change.to[..] {
            return Err(match base {
                Some(_) => Unusable::OutOfStep,
                None => Unusable::Broken("the entries are not those of their digest".to_owned()),
            });
        }
        if !list.is_within_bounds() {
            return Err(Unusable::Broken("there are too many entries".to_owned()));
        }
        Ok(list)
    }
}

fn sent(digest: &Digest) -> Bytes {
    Bytes::copy_from_slice(digest)
}

/// Entries that are new, changed or moved, in runs behind those that stay.
fn runs(before: Option<&Arc<Line>>, new: &[Arc<Line>], old: &[Arc<Line>]) -> Vec<Run> {
    let known: BTreeMap<&str, (usize, &Digest)> = (0..)
        .zip(old)
        .map(|(place, line)| (line.name(), (place, &line.digest)))
        .collect();
    let place = |line: &Arc<Line>| {
        let (place, digest) = known.get(line.name())?;
        (**digest == line.digest).then_some(*place)
    };
    let places: Vec<Option<usize>> = new.iter().map(place).collect();
    let mut after = before.map_or("", |line| line.name());
    let mut runs: Vec<Run> = Vec::new();
    for (line, stays) in new.iter().zip(longest_rising(&places)) {
        if stays {
            after = line.name();
            continue;
        }
        match runs.last_mut().filter(|run| run.after == after) {
            Some(run) => run.entries.push(line.text.clone()),
            None => runs.push(Run {
                after: after.to_owned(),
                entries: vec![line.text.clone()],
            }),
        }
    }
    runs
}

/// The most places that can stay while their order does: a longest list of them that rises.
fn longest_rising(places: &[Option<usize>]) -> Vec<bool> {
    // Where the best list of each length ends, and what stands before each end.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; places.len()];
    let place_at = |at: usize| places.get(at).copied().flatten();
    for (at, place) in places.iter().enumerate() {
        if place.is_none() {
            continue;
        }
        let length = ends.partition_point(|end| place_at(*end) < *place);
        let shorter = length.checked_sub(1).and_then(|last| ends.get(last));
        if let Some(slot) = before.get_mut(at) {
            *slot = shorter.copied();
        }
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; places.len()];
    let mut at = ends.last().copied();
    while let Some(place) = at {
        if let Some(stay) = stays.get_mut(place) {
            *stay = true;
        }
        at = before.get(place).copied().flatten();
    }
    stays
}

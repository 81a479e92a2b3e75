//! Which entries nearly match: those of whose attributes most hold, and the rest differ least.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{EntryRef, Failed, Hint, NearMiss};
use crate::entries::{Entries, Entry, Pattern, any_value};
use crate::{Attribute, Attributes};

/// The most entries that are told.
pub const MOST_NEAR: usize = 5;
/// The most values that are compared letter by letter, for one attribute of one entry.
const MOST_COMPARED: usize = 16;
/// The longest values that are compared letter by letter.
const LONGEST_COMPARED: usize = 128;
/// How many pairs of letters are compared for one explanation; beyond that nothing looks alike.
const MOST_WORK: usize = 50_000_000;
/// How much one attribute costs that holds nothing, in thousandths.
const WHOLE: usize = 1000;
/// What of it likeness can save.
const LIKENESS: usize = 600;
/// From which likeness on, in thousandths, a difference of values or of names may be a slip.
const SLIP: usize = 700;
const NAME_SLIP: usize = 800;

/// How far an entry is away, then its place: the order in which near ones are told.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// Thousandths of the entry's attributes that do not hold.
    share: usize,
    /// More attributes that hold are better evidence.
    held: Reverse<usize>,
    place: usize,
}

/// The nearest entries. A caller without any identity hears of entries that have nothing in common
/// with it too: then the attestation itself is what is missing.
pub(super) fn nearest(entries: &Entries, caller: &Attributes, has_identity: bool) -> Vec<NearMiss> {
    let mut best: BinaryHeap<Distance> = BinaryHeap::with_capacity(MOST_NEAR + 1);
    let mut work = MOST_WORK;
    for (place, entry) in entries.all().iter().enumerate() {
        let distance = distance(place, entry, caller, &mut work);
        let matches = distance.share == 0;
        if matches || (has_identity && !distance.in_common()) {
            continue;
        }
        best.push(distance);
        if best.len() > MOST_NEAR {
            best.pop();
        }
    }
    // The hints of the few that are told do not depend on how many were compared.
    let mut work = MOST_WORK;
    best.into_sorted_vec()
        .into_iter()
        .filter_map(|distance| entries.all().get(distance.place))
        .map(|entry| near_miss(entry, caller, &mut work))
        .collect()
}

impl Distance {
    fn in_common(&self) -> bool {
        self.held.0 > 0 || self.share <= WHOLE - SLIP * LIKENESS / 1000
    }
}

fn distance(place: usize, entry: &Entry, caller: &Attributes, work: &mut usize) -> Distance {
    let of = entry.matches.len().max(1);
    let (mut cost, mut held) = (0, 0);
    for (attribute, patterns) in &entry.matches {
        if any_value(caller.get(attribute), patterns) {
            held += 1;
        } else {
            let alike = most_alike(attribute, patterns, caller, work);
            let likeness = alike.map_or(0, |alike| alike.0);
            cost += WHOLE - likeness * LIKENESS / 1000;
        }
    }
    Distance {
        share: cost / of,
        held: Reverse(held),
        place,
    }
}

/// The pattern and the value that are most alike, with their likeness in thousandths.
fn most_alike<'a>(
    attribute: &Attribute,
    patterns: &'a [Pattern],
    caller: &'a Attributes,
    work: &mut usize,
) -> Option<(usize, &'a Pattern, &'a str)> {
    let values = || {
        let all = caller.get(attribute).into_iter().flatten();
        all.filter(|value| value.len() <= LONGEST_COMPARED)
            .take(MOST_COMPARED)
    };
    let pairs = patterns
        .iter()
        .take(MOST_COMPARED)
        .flat_map(|pattern| values().map(move |value| (pattern, value)));
    let likened =
        pairs.map(|(pattern, value)| (likeness(pattern, value, work), pattern, value.as_str()));
    likened.reduce(|best, other| if other.0 > best.0 { other } else { best })
}

/// Likeness in thousandths by the letters that would have to change.
fn likeness(pattern: &Pattern, value: &str, work: &mut usize) -> usize {
    let text = match pattern {
        Pattern::Exact(text) | Pattern::Wildcard { before: text, .. } => text,
        Pattern::Any => return 0,
    };
    if text.len() > LONGEST_COMPARED {
        return 0;
    }
    let value = match pattern {
        Pattern::Wildcard { before, .. } => value.get(..before.len()).unwrap_or(value),
        _ => value,
    };
    let (left, right) = (text.chars().count(), value.chars().count());
    let longest = left.max(right).max(1);
    let unlike = left.abs_diff(right) * 1000 > longest * (1000 - SLIP);
    match work.checked_sub(left * right) {
        Some(left_over) if !unlike => *work = left_over,
        _ => return 0,
    }
    let changes = strsim::damerau_levenshtein(text, value).min(longest);
    (longest - changes) * 1000 / longest
}

fn near_miss(entry: &Entry, caller: &Attributes, work: &mut usize) -> NearMiss {
    let failed: Vec<Failed> = entry
        .matches
        .iter()
        .filter(|(attribute, patterns)| !any_value(caller.get(attribute), patterns))
        .map(|(attribute, patterns)| Failed {
            attribute: attribute.clone(),
            asked: patterns.iter().map(ToString::to_string).collect(),
            seen: caller.get(attribute).cloned().unwrap_or_default(),
            hint: hint(attribute, patterns, caller, work),
        })
        .collect();
    NearMiss {
        entry: EntryRef::of(entry),
        held: entry.matches.len() - failed.len(),
        of: entry.matches.len(),
        failed,
    }
}

fn hint(
    attribute: &Attribute,
    patterns: &[Pattern],
    caller: &Attributes,
    work: &mut usize,
) -> Option<Hint> {
    if caller.get(attribute).is_some() {
        let (likeness, pattern, seen) = most_alike(attribute, patterns, caller, work)?;
        let is_number = seen.bytes().all(|byte| byte.is_ascii_digit());
        return (likeness >= SLIP && !is_number).then(|| Hint::Value {
            asked: pattern.to_string(),
            seen: seen.to_owned(),
        });
    }
    let source = |name: &Attribute| {
        let (source, _) = name.as_str().split_once('.')?;
        Some(source.to_owned())
    };
    let asked = Pattern::Exact(attribute.as_str().into());
    let alike = caller
        .iter()
        .map(|(name, _)| (likeness(&asked, name.as_str(), work), name))
        .reduce(|best, other| if other.0 > best.0 { other } else { best });
    if let Some((likeness, name)) = alike
        && likeness >= NAME_SLIP
    {
        return Some(Hint::Name {
            attested: name.clone(),
        });
    }
    let own = source(attribute)?;
    let known = caller
        .iter()
        .any(|(name, _)| source(name).as_ref() == Some(&own));
    (!known).then_some(Hint::Source { source: own })
}

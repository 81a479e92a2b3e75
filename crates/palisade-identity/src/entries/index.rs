//! Finds the entries that can match a caller without trying every one.
//!
//! Each entry stands under its rarest attribute: under the values it asks for, under the
//! beginnings of its wildcards, or under the attribute alone. A look-up costs the caller's values
//! times the lengths of known beginnings, and the entries that stand under them.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::entry::Entry;
use super::pattern::Pattern;
use crate::{Attribute, Attributes};

/// Places in the list of entries.
type Places = Vec<u32>;
type Texts = HashMap<Box<str>, Places, RandomState>;

/// The entries that stand under one attribute.
#[derive(Debug, Default)]
struct Shelf {
    exact: Texts,
    /// By length, so that a value is cut once for each.
    beginnings: BTreeMap<usize, Texts>,
    any: Places,
}

/// All shelves.
#[derive(Debug, Default)]
pub(super) struct Index {
    shelves: HashMap<Attribute, Shelf, RandomState>,
}

impl Index {
    /// Files every entry under its rarest attribute.
    pub(super) fn of(entries: &[Arc<Entry>]) -> Self {
        let mut uses: HashMap<(&Attribute, &Pattern), usize, RandomState> = HashMap::default();
        let all = entries.iter().flat_map(|entry| &entry.matches);
        for (attribute, pattern) in
            all.flat_map(|(attribute, all)| all.iter().map(move |one| (attribute, one)))
        {
            *uses.entry((attribute, pattern)).or_default() += 1;
        }
        let cost = |attribute: &Attribute, patterns: &[Pattern]| {
            let cost = |pattern: &Pattern| {
                let uses = uses.get(&(attribute, pattern)).copied().unwrap_or(0);
                let wide = match pattern {
                    Pattern::Exact(_) => 1,
                    Pattern::Wildcard { .. } => 16,
                    Pattern::Any => 256,
                };
                uses.saturating_mul(wide)
            };
            patterns
                .iter()
                .map(cost)
                .fold(0_usize, usize::saturating_add)
        };
        let mut index = Self::default();
        for (place, entry) in (0..).zip(entries) {
            let rarest = entry
                .matches
                .iter()
                .min_by_key(|(attribute, patterns)| cost(attribute, patterns));
            if let Some((attribute, patterns)) = rarest {
                index.file(place, attribute, patterns);
            }
        }
        index
    }

    fn file(&mut self, place: u32, attribute: &Attribute, patterns: &[Pattern]) {
        let shelf = self.shelves.entry(attribute.clone()).or_default();
        for pattern in patterns {
            let places = match pattern {
                Pattern::Exact(text) => shelf.exact.entry(text.clone()).or_default(),
                Pattern::Wildcard { before, .. } => shelf
                    .beginnings
                    .entry(before.len())
                    .or_default()
                    .entry(before.clone())
                    .or_default(),
                Pattern::Any => &mut shelf.any,
            };
            places.push(place);
        }
    }

    /// Places of all entries that can match, in order; those that do are among them.
    pub(super) fn candidates(&self, caller: &Attributes) -> Places {
        let mut found = Vec::new();
        for (attribute, values) in caller.iter() {
            let Some(shelf) = self.shelves.get(attribute) else {
                continue;
            };
            for value in values {
                found.extend(shelf.exact.get(value.as_str()).into_iter().flatten());
                for (length, texts) in &shelf.beginnings {
                    let beginning = value.get(..*length);
                    let places = beginning.and_then(|beginning| texts.get(beginning));
                    found.extend(places.into_iter().flatten());
                }
            }
            found.extend(&shelf.any);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

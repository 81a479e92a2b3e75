//! The entries in force as they travel, made once for all agents.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::{Line, List, Rules};
use crate::Attributes;
use crate::entries::{Entries, Entry, EntryName};

/// The source whose attributes only the server says.
pub(in crate::nodes) const AGENT: &str = "agent";

/// The lists of the entries that were in force last.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    entries: Arc<Entries>,
    /// All of them; what every agent has where no entry asks for an agent.
    whole: Arc<List>,
    is_bound: bool,
}

impl Shelf {
    /// The list of an agent: without entries that ask for another one.
    pub(crate) fn list(
        &self,
        entries: &Arc<Entries>,
        agent: &Attributes,
    ) -> Result<Arc<List>, serde_json::Error> {
        let (whole, is_bound) = {
            // One stream makes the lists, the others wait for them.
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = match known.take() {
                Some(same) if Arc::ptr_eq(&same.entries, entries) => same,
                before => Known::of(entries, before.as_ref())?,
            };
            let now = known.insert(now);
            (Arc::clone(&now.whole), now.is_bound)
        };
        if !is_bound {
            return Ok(whole);
        }
        let mine = whole.lines.iter().filter(|line| concerns(line, agent));
        let list = List::new(
            whole.trust_domain.clone(),
            mine.cloned().collect(),
            Arc::clone(&whole.rules),
        );
        Ok(Arc::new(list))
    }
}

impl Known {
    /// Lines that are as they were before are taken over, so that they stand in memory once.
    fn of(entries: &Arc<Entries>, before: Option<&Self>) -> Result<Self, serde_json::Error> {
        let known: IndexMap<&EntryName, &Arc<Line>> = before
            .iter()
            .flat_map(|before| &before.whole.lines)
            .map(|line| (&line.entry.name, line))
            .collect();
        let line = |entry: &Arc<Entry>| {
            let known = known.get(&entry.name).copied();
            if let Some(known) = known.filter(|known| known.entry == *entry) {
                return Ok(Arc::clone(known));
            }
            let made = Line::of(entry)?;
            match known.filter(|known| known.digest == made.digest) {
                Some(known) => Ok(Arc::clone(known)),
                None => Ok(Arc::new(made)),
            }
        };
        let lines: Result<Vec<_>, serde_json::Error> = entries.all().iter().map(line).collect();
        let rules = Arc::new(Rules::of(entries.rules())?);
        let is_bound = entries
            .all()
            .iter()
            .any(|entry| asked(entry).next().is_some());
        Ok(Self {
            entries: Arc::clone(entries),
            whole: Arc::new(List::new(entries.trust_domain().clone(), lines?, rules)),
            is_bound,
        })
    }
}

/// What an entry asks of the agent.
fn asked(
    entry: &Entry,
) -> impl Iterator<Item = (&crate::Attribute, &Vec<crate::entries::Pattern>)> {
    let is_of_agent = |name: &crate::Attribute| name.as_str().split('.').next() == Some(AGENT);
    entry
        .matches
        .iter()
        .filter(move |(name, _)| is_of_agent(name))
}

/// Whether an entry can match a caller of this agent.
fn concerns(line: &Line, agent: &Attributes) -> bool {
    asked(&line.entry).all(|(name, patterns)| crate::entries::any_value(agent.get(name), patterns))
}

//! Where entries come from: files of this machine and those pushed into the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ServerError;
use crate::TrustDomain;
use crate::entries::{Entries, EntriesError, Entry, EntryName, MOST_ENTRIES, MintRules, check};
use crate::spiffe::{Bundle, Bundles};
use crate::store::{KeptBundle, KeptEntry};

/// What is wrong with one entry that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongEntry {
    /// Which.
    pub name: EntryName,
    /// Why it is not taken, in a sentence.
    pub message: String,
}

/// All entries by where they come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    pub(super) files: Vec<Arc<Entry>>,
    pub(super) rules: MintRules,
    pub(super) pushed: Vec<Arc<Entry>>,
    /// Pushed entries that are not in force because files say otherwise.
    pub(super) left_out: Vec<WrongEntry>,
}

impl Sources {
    /// All together; rules of files hold for what was pushed too. What was pushed and does not
    /// suit the files is left out: it must not keep files out of force.
    pub(super) fn join(&mut self, trust_domain: &TrustDomain) -> Result<Entries, EntriesError> {
        self.left_out = self.wrong(&self.pushed, trust_domain);
        let room = MOST_ENTRIES.saturating_sub(self.files.len());
        let fit = self.pushed.len() - self.left_out.len();
        if fit > room {
            let names: BTreeSet<EntryName> =
                self.left_out.iter().map(|one| one.name.clone()).collect();
            let others = self.pushed.iter().filter(|one| !names.contains(&one.name));
            let surplus = others.skip(room).map(|entry| WrongEntry {
                name: entry.name.clone(),
                message: format!("there are more than {MOST_ENTRIES} entries with those of files"),
            });
            self.left_out.extend(surplus);
        }
        let left_out: BTreeSet<&EntryName> = self.left_out.iter().map(|one| &one.name).collect();
        let fit = self
            .pushed
            .iter()
            .filter(|entry| !left_out.contains(&entry.name));
        let all = self.files.iter().chain(fit).cloned().collect();
        Entries::new(trust_domain.clone(), all, self.rules.clone())
    }

    /// What is wrong with entries that are pushed or are to be.
    pub(super) fn wrong(
        &self,
        pushed: &[Arc<Entry>],
        trust_domain: &TrustDomain,
    ) -> Vec<WrongEntry> {
        let mut names: BTreeSet<&EntryName> = self.files.iter().map(|entry| &entry.name).collect();
        let wrong = pushed.iter().filter_map(|entry| {
            let message = if names.insert(&entry.name) {
                match check(entry, trust_domain, &self.rules) {
                    Ok(()) => return None,
                    Err(EntriesError::Entry { error, .. }) => error.to_string(),
                    Err(EntriesError::Mint { error, .. }) => error.to_string(),
                    Err(error) => error.to_string(),
                }
            } else {
                self.named_twice(&entry.name)
            };
            let name = entry.name.clone();
            Some(WrongEntry { name, message })
        });
        wrong.collect()
    }

    fn named_twice(&self, name: &EntryName) -> String {
        match self.files.iter().find(|entry| entry.name == *name) {
            Some(known) => format!("an entry of a file is called so, at {}", known.origin),
            None => "another entry that is pushed with it is called so".to_owned(),
        }
    }
}

pub(super) fn pushed(kept: &[KeptEntry]) -> Result<Vec<Arc<Entry>>, ServerError> {
    let read = |kept: &KeptEntry| {
        let read = serde_json::from_str(&kept.document);
        read.map(Arc::new).map_err(|error| ServerError::Pushed {
            name: kept.name.clone(),
            reason: error.to_string(),
        })
    };
    kept.iter().map(read).collect()
}

pub(super) fn bundles(kept: &[KeptBundle]) -> Result<Bundles, ServerError> {
    let read = |kept: &KeptBundle| {
        let wrong = |reason: String| ServerError::Bundle {
            trust_domain: kept.trust_domain.clone(),
            reason,
        };
        let name =
            TrustDomain::new(&kept.trust_domain).map_err(|error| wrong(error.to_string()))?;
        let bundle = Bundle::from_jwks(&name, kept.document.as_bytes())
            .map_err(|error| wrong(error.to_string()))?
            .bundle;
        Ok((name, Arc::new(bundle)))
    };
    kept.iter().map(read).collect()
}

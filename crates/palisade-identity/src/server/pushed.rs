//! Entries that are pushed into the store, where all servers of it find them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_document::FileRef;
use serde::{Deserialize, Serialize};

use super::{Server, ServerError, WrongEntry, sources};
use crate::entries::{Entry, EntryName, MOST_ENTRIES, PUSHED};
use crate::store::{Change, KeptEntry};

/// The most entries that are pushed or withdrawn at once.
pub const MOST_PUSHED: usize = 10_000;

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// All or nothing.
    Real,
    /// Only what would be.
    Trial,
}

/// Why nothing was pushed or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Some entries cannot be taken.
    #[error("{}", told(.0))]
    Wrong(Vec<WrongEntry>),
    /// Too many at once.
    #[error("{0} entries are too many at once: at most {MOST_PUSHED} are taken")]
    Count(usize),
    /// Too many in all.
    #[error("there would be {0} entries, and an issuer takes at most {MOST_ENTRIES}")]
    Full(usize),
    /// The store or the server failed.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// What was pushed, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushed {
    /// Entries that were not there.
    pub added: Vec<EntryName>,
    /// Entries that were there and say something else.
    pub changed: Vec<EntryName>,
    /// Entries that were there and say the same.
    pub unchanged: Vec<EntryName>,
}

fn told(wrong: &[WrongEntry]) -> String {
    let lines = wrong
        .iter()
        .map(|one| format!("entry `{}`: {}", one.name, one.message));
    lines.collect::<Vec<_>>().join("\n")
}

impl Server {
    /// Keeps entries in the store, in the place of those of the same names, and puts them in force.
    ///
    /// # Errors
    /// Any of them cannot be taken, or the store does not answer: nothing has changed then.
    pub async fn push(&self, entries: Vec<Entry>, effect: Effect) -> Result<Pushed, PushError> {
        if entries.len() > MOST_PUSHED {
            return Err(PushError::Count(entries.len()));
        }
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(as_pushed).collect();
        let kept = self.kept().await?;
        self.suit(&entries, &kept)?;
        let mut pushed = Pushed::default();
        let mut changes = Vec::new();
        for entry in &entries {
            let names = match kept.get(&entry.name) {
                Some(known) if known == entry => {
                    pushed.unchanged.push(entry.name.clone());
                    continue;
                }
                Some(_) => &mut pushed.changed,
                None => &mut pushed.added,
            };
            names.push(entry.name.clone());
            changes.push((Change::PutEntry(self.document(entry)?), entry));
        }
        if effect == Effect::Real && !changes.is_empty() {
            let (changes, entries): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
            self.make(&changes).await?;
            for entry in entries {
                self.keep_change("pushed", entry);
            }
        }
        Ok(pushed)
    }

    /// Takes entries that were pushed out of the store and out of force.
    ///
    /// # Errors
    /// Any of them was not pushed, or the store does not answer: nothing has changed then.
    pub async fn withdraw(&self, names: &[EntryName], effect: Effect) -> Result<(), PushError> {
        if names.len() > MOST_PUSHED {
            return Err(PushError::Count(names.len()));
        }
        let kept = self.kept().await?;
        let names: BTreeSet<&EntryName> = names.iter().collect();
        let unknown = names.iter().filter(|name| !kept.contains_key(**name));
        let wrong: Vec<WrongEntry> = unknown.map(|name| self.not_pushed(name)).collect();
        if !wrong.is_empty() {
            return Err(PushError::Wrong(wrong));
        }
        if effect == Effect::Real && !names.is_empty() {
            let drop = |name: &&EntryName| Change::DropEntry(name.as_str().to_owned());
            let changes: Vec<Change> = names.iter().map(drop).collect();
            self.make(&changes).await?;
            for entry in names.iter().filter_map(|name| kept.get(*name)) {
                self.keep_change("withdrawn", entry);
            }
        }
        Ok(())
    }

    /// What the store holds now, whichever server pushed it.
    async fn kept(&self) -> Result<BTreeMap<EntryName, Arc<Entry>>, ServerError> {
        let kept = sources::pushed(&self.store.entries().await?)?.into_iter();
        Ok(kept.map(|entry| (entry.name.clone(), entry)).collect())
    }

    fn suit(
        &self,
        entries: &[Arc<Entry>],
        kept: &BTreeMap<EntryName, Arc<Entry>>,
    ) -> Result<(), PushError> {
        let sources = self.sources();
        let wrong = sources.wrong(entries, self.trust_domain());
        if !wrong.is_empty() {
            return Err(PushError::Wrong(wrong));
        }
        let new = entries
            .iter()
            .filter(|entry| !kept.contains_key(&entry.name));
        let count = sources.files.len() + kept.len() + new.count();
        if count > MOST_ENTRIES {
            return Err(PushError::Full(count));
        }
        Ok(())
    }

    fn not_pushed(&self, name: &EntryName) -> WrongEntry {
        let entries = self.entries();
        let message = match entries.named(name).filter(|entry| !entry.is_pushed()) {
            Some(entry) => format!("it is in a file, at {}: take it out there", entry.origin),
            None => "no entry of this name was pushed".to_owned(),
        };
        WrongEntry {
            name: name.clone(),
            message,
        }
    }

    fn document(&self, entry: &Entry) -> Result<KeptEntry, ServerError> {
        let document = serde_json::to_string(entry).map_err(|error| ServerError::Pushed {
            name: entry.name.to_string(),
            reason: error.to_string(),
        })?;
        Ok(KeptEntry {
            name: entry.name.as_str().to_owned(),
            document,
            changed: self.now(),
        })
    }

    async fn make(&self, changes: &[Change]) -> Result<(), ServerError> {
        self.store.change(None, changes).await?;
        // From here on it is so. What cannot be read again now is tried again in the background,
        // as with changes of other servers.
        if let Err(error) = self.reload().await {
            (self.say)(&format!("what was pushed is not in force yet: {error}"));
        }
        Ok(())
    }

    /// Who may be whom has changed: that is evidence too.
    fn keep_change(&self, event: &str, entry: &Entry) {
        let record = serde_json::json!({
            "at": self.now(),
            "event": event,
            "entry": entry.name,
            "owner": entry.owner,
            "id": entry.id,
        });
        self.keep("", &record);
    }
}

/// Rules that name files are about reviewed files, and whoever pushes could call theirs anything.
fn as_pushed(mut entry: Entry) -> Arc<Entry> {
    if !entry.is_pushed() {
        entry.origin.file = FileRef::new(format!("{PUSHED}{}", &*entry.origin.file));
    }
    Arc::new(entry)
}

//! Entries that are pushed into the store, where all servers of it find them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use palisade_document::FileRef;
use serde::{Deserialize, Serialize};

use super::{Server, ServerError, WrongEntry, sources};
use crate::entries::{Entry, EntryName, MOST_ENTRIES, PUSHED};
use crate::store::{Change, KeptEntry, StoreError};

/// The most entries that are pushed or withdrawn at once.
pub const MOST_PUSHED: usize = 10_000;

/// How often a change is tried when others change something at the same time.
const MOST_ATTEMPTS: usize = 16;
/// How many digits of the digest stand for what was there.
const STATE_DIGITS: usize = 16;

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
    /// Somebody was faster.
    #[error(
        "what stands under these names has changed since it was looked at, and is now at `{0}`: look with --dry-run again, then push"
    )]
    Changed(String),
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
    /// What the changed ones said before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// Stands for what was there under all these names; another push can be made to depend on it.
    #[serde(default)]
    pub before: String,
}

/// An entry in whose place another one came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// Its name.
    pub name: EntryName,
    /// The identity that it gave.
    pub id: String,
    /// Who answered for it.
    pub owner: String,
    /// When it was pushed.
    pub pushed: Timestamp,
}

/// An entry in the store, and since when it is there.
#[derive(Debug)]
struct Known {
    entry: Arc<Entry>,
    since: Timestamp,
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
        self.push_over(entries, effect, None).await
    }

    /// The same, only if what stands under these names is still as an earlier answer said
    /// (`before`).
    ///
    /// # Errors
    /// It is not, or as with [`Server::push`].
    pub async fn push_over(
        &self,
        entries: Vec<Entry>,
        effect: Effect,
        expected: Option<&str>,
    ) -> Result<Pushed, PushError> {
        if entries.len() > MOST_PUSHED {
            return Err(PushError::Count(entries.len()));
        }
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(as_pushed).collect();
        for _ in 1..MOST_ATTEMPTS {
            match self.push_once(&entries, effect, expected).await {
                // Judged again by what others made of it: the answer says what really happened.
                Err(PushError::Server(ServerError::Store(StoreError::Conflict))) => {}
                done => return done,
            }
        }
        self.push_once(&entries, effect, expected).await
    }

    async fn push_once(
        &self,
        entries: &[Arc<Entry>],
        effect: Effect,
        expected: Option<&str>,
    ) -> Result<Pushed, PushError> {
        let (revision, kept) = self.kept().await?;
        let before = state(entries, &kept)?;
        if expected.is_some_and(|expected| expected != before) {
            return Err(PushError::Changed(before));
        }
        self.suit(entries, &kept)?;
        let mut pushed = Pushed {
            before,
            ..Pushed::default()
        };
        let mut changes = Vec::new();
        let mut records = Vec::new();
        for entry in entries {
            let known = kept.get(&entry.name);
            match known {
                Some(known) if known.entry == *entry => {
                    pushed.unchanged.push(entry.name.clone());
                    continue;
                }
                Some(known) => {
                    pushed.changed.push(entry.name.clone());
                    pushed.replaced.push(replaced(known));
                }
                None => pushed.added.push(entry.name.clone()),
            }
            changes.push(Change::PutEntry(self.document(entry)?));
            records.push((entry, known));
        }
        if effect == Effect::Real && !changes.is_empty() {
            self.make(revision, &changes).await?;
            for (entry, known) in records {
                self.keep_change("pushed", entry, known.map(replaced).as_ref());
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
        for _ in 1..MOST_ATTEMPTS {
            match self.withdraw_once(names, effect).await {
                Err(PushError::Server(ServerError::Store(StoreError::Conflict))) => {}
                done => return done,
            }
        }
        self.withdraw_once(names, effect).await
    }

    async fn withdraw_once(&self, names: &[EntryName], effect: Effect) -> Result<(), PushError> {
        let (revision, kept) = self.kept().await?;
        let names: BTreeSet<&EntryName> = names.iter().collect();
        let unknown = names.iter().filter(|name| !kept.contains_key(**name));
        let wrong: Vec<WrongEntry> = unknown.map(|name| self.not_pushed(name)).collect();
        if !wrong.is_empty() {
            return Err(PushError::Wrong(wrong));
        }
        if effect == Effect::Real && !names.is_empty() {
            let drop = |name: &&EntryName| Change::DropEntry(name.as_str().to_owned());
            let changes: Vec<Change> = names.iter().map(drop).collect();
            self.make(revision, &changes).await?;
            for known in names.iter().filter_map(|name| kept.get(*name)) {
                self.keep_change("withdrawn", &known.entry, None);
            }
        }
        Ok(())
    }

    /// What the store holds now, whichever server pushed it, and the revision that it had before
    /// it was read.
    async fn kept(&self) -> Result<(i64, BTreeMap<EntryName, Known>), ServerError> {
        let revision = self.store.revision().await?;
        let kept = self.store.entries().await?;
        let entries = sources::pushed(&kept)?.into_iter();
        let known = entries.zip(&kept).map(|(entry, kept)| {
            let since = kept.changed;
            (entry.name.clone(), Known { entry, since })
        });
        Ok((revision, known.collect()))
    }

    fn suit(
        &self,
        entries: &[Arc<Entry>],
        kept: &BTreeMap<EntryName, Known>,
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

    /// Makes changes if nobody made others since this revision.
    async fn make(&self, revision: i64, changes: &[Change]) -> Result<(), ServerError> {
        self.store.change(Some(revision), changes).await?;
        // From here on it is so. What cannot be read again now is tried again in the background,
        // as with changes of other servers.
        if let Err(error) = self.reload().await {
            (self.say)(&format!("what was pushed is not in force yet: {error}"));
        }
        Ok(())
    }

    /// Who may be whom has changed: that is evidence too.
    fn keep_change(&self, event: &str, entry: &Entry, replaced: Option<&Replaced>) {
        let mut record = serde_json::json!({
            "at": self.now(),
            "event": event,
            "entry": entry.name,
            "owner": entry.owner,
            "id": entry.id,
        });
        if let Some(before) = replaced {
            let before = serde_json::json!({
                "id": before.id, "owner": before.owner, "pushed": before.pushed,
            });
            record["replaced"] = before;
        }
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

fn replaced(known: &Known) -> Replaced {
    Replaced {
        name: known.entry.name.clone(),
        id: known.entry.id.as_str().to_owned(),
        owner: known.entry.owner.clone(),
        pushed: known.since,
    }
}

/// Stands for what is there under the names of these entries, in whatever order they come.
fn state(entries: &[Arc<Entry>], kept: &BTreeMap<EntryName, Known>) -> Result<String, ServerError> {
    let names: BTreeSet<&EntryName> = entries.iter().map(|entry| &entry.name).collect();
    let known: Vec<(&EntryName, Option<&Entry>)> = names
        .into_iter()
        .map(|name| (name, kept.get(name).map(|known| &*known.entry)))
        .collect();
    let text = serde_json::to_vec(&known).map_err(|error| ServerError::Pushed {
        name: "of the push".to_owned(),
        reason: error.to_string(),
    })?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
    let mut state = HEXLOWER.encode(digest.as_ref());
    state.truncate(STATE_DIGITS);
    Ok(state)
}

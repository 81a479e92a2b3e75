//! Evidence on its way to the store: written in the order of issuing, many records at a time.
//!
//! **Invariant:** a document is issued only if its record has a place here and stands in the spool,
//! so a database that is away or full costs no record, nor does the end of the process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Say, ServerError};
use crate::entries::EntryName;
use crate::evidence::{Evidence, EvidenceLog, Left, News, Recent, Spool, key_of};
use crate::store::{NewEvidence, Store, StoreError};
use crate::{Attributes, Refusal};

/// The most records that wait.
const MOST: usize = 65_536;
/// The most records of one transaction.
const BATCH: usize = 1_000;
/// How long to wait after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// The most waiting records beside which refusals are kept: whoever asks for nothing again and
/// again must not keep others from getting something.
const MOST_WITH_REFUSALS: usize = MOST / 2;

/// Records that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    waiting: Mutex<Waiting>,
    refused: Recent,
    lost: AtomicU64,
    log: Option<EvidenceLog>,
    spool: Option<Spool>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<NewEvidence>,
    failure: Option<String>,
    /// Why what waits is in memory alone.
    unspooled: Option<String>,
    is_closing: bool,
}

/// How evidence is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerState {
    /// Records that wait to be written.
    pub waiting: usize,
    /// Why they wait, if the store failed.
    pub failure: Option<String>,
    /// Why they would not outlive the process, if the file that keeps them failed.
    pub unspooled: Option<String>,
}

impl Ledger {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a place for another record.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        let waiting = self.waiting();
        if waiting.records.len() < MOST {
            return Ok(());
        }
        let why = waiting
            .failure
            .as_deref()
            .unwrap_or("the database is too slow");
        Err(Refusal::Unavailable(format!(
            "nothing is issued because evidence of it cannot be kept: {why}"
        )))
    }

    /// A ledger whose records go to a log too, and wait in a spool.
    pub(crate) fn new(log: Option<EvidenceLog>, spool: Option<Spool>) -> Self {
        Self {
            log,
            spool,
            ..Self::default()
        }
    }

    /// Writes what an earlier process left in the spool. What the database does not take now waits
    /// with all that comes.
    pub(crate) async fn take_over(&self, now: Timestamp, store: &Store) -> Result<(), ServerError> {
        let Some(spool) = &self.spool else {
            return Ok(());
        };
        let Left {
            mut records,
            unreadable,
        } = spool.left()?;
        records.drain(..store.known_evidence(&records).await?);
        self.waiting().records.extend(records);
        if unreadable > 0 {
            self.record(&Evidence::lost(now, unreadable));
        }
        if self.flush(store).await.is_err() {
            self.more.notify_one();
        }
        Ok(())
    }

    /// Keeps refusals, unless each was kept a moment ago or too much waits; how many were not kept
    /// for want of room is a record of its own.
    pub(crate) fn refuse(&self, refusals: &[Evidence]) {
        for refusal in refusals {
            let entry = refusal.entry.as_ref().map_or("", EntryName::as_str);
            let reason = refusal.reason.as_deref().unwrap_or_default();
            let key = key_of(&refusal.caller, &[entry, reason]);
            if self.has_room_for_refusal(refusal.at, key) {
                self.record(refusal);
            }
        }
    }

    /// The same for a refusal of another form; `of` tells what is the same.
    pub(crate) fn refuse_text(&self, record: NewEvidence, of: &[&str]) {
        let key = key_of(&Attributes::default(), of);
        if self.has_room_for_refusal(record.at, key) {
            self.keep(record);
        }
    }

    fn has_room_for_refusal(&self, at: Timestamp, key: u64) -> bool {
        match self.refused.note(at, key) {
            News::Yes => {}
            News::Known => return false,
            News::Flood => {
                self.lose(1);
                return false;
            }
        }
        if self.waiting().records.len() >= MOST_WITH_REFUSALS {
            self.lose(1);
            return false;
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.record(&Evidence::lost(at, lost));
        }
        true
    }

    /// So many refusals were not kept; the next record says so.
    pub(crate) fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn record(&self, evidence: &Evidence) {
        let subject = evidence.id.as_ref().map(ToString::to_string);
        let Ok(record) = serde_json::to_string(evidence) else {
            return;
        };
        self.keep(NewEvidence {
            at: evidence.at,
            subject: subject.unwrap_or_default(),
            record,
        });
    }

    /// Keeps a record, unless far too many wait; that is counted.
    pub(crate) fn keep(&self, record: NewEvidence) {
        if let Some(log) = &self.log {
            // What is lost there is counted there, and stands in the store all the same.
            let _taken = log.record_text(record.at, record.record.clone());
        }
        let mut waiting = self.waiting();
        if waiting.records.len() < MOST.saturating_mul(2) {
            if let Some(Err(error)) = self.spool.as_ref().map(|spool| spool.append(&record)) {
                waiting.unspooled = Some(error.to_string());
            }
            waiting.records.push_back(record);
        } else {
            self.lose(1);
        }
        drop(waiting);
        self.more.notify_one();
    }

    pub(crate) fn state(&self) -> LedgerState {
        let waiting = self.waiting();
        LedgerState {
            waiting: waiting.records.len(),
            failure: waiting.failure.clone(),
            unspooled: waiting.unspooled.clone(),
        }
    }

    /// Lets [`Ledger::run`] end once all is written.
    pub(crate) fn close(&self) {
        self.waiting().is_closing = true;
        self.more.notify_one();
    }

    /// Writes records as they come, until closed. What failed is told once and tried again; when
    /// closing it is tried once.
    pub(crate) async fn run(&self, store: &Store, say: &Say) {
        let mut told = None;
        loop {
            self.more.notified().await;
            while let Err(error) = self.flush(store).await {
                self.failed(&error, say);
                if self.waiting().is_closing {
                    return self.left_behind(&error, say).await;
                }
                self.pause().await;
            }
            let mut waiting = self.waiting();
            waiting.failure = None;
            let unspooled = waiting.unspooled.clone();
            let is_closing = waiting.is_closing;
            drop(waiting);
            if unspooled.is_some() && told != unspooled {
                let reason = unspooled.as_deref().unwrap_or_default();
                say(&format!("evidence waits in memory alone: {reason}"));
            }
            told = unspooled;
            if is_closing {
                return;
            }
        }
    }

    fn failed(&self, error: &StoreError, say: &Say) {
        let reason = error.to_string();
        let mut waiting = self.waiting();
        let unspooled = waiting.unspooled.clone();
        if waiting.failure.replace(reason.clone()) != Some(reason) {
            drop(waiting);
            say(&format!("evidence waits: {error}"));
            if let Some(reason) = unspooled {
                say(&format!("it waits in memory alone: {reason}"));
            }
        }
    }

    /// Waits for the next attempt, while what comes is put on disk.
    async fn pause(&self) {
        let end = tokio::time::sleep(PAUSE);
        tokio::pin!(end);
        loop {
            self.sync().await;
            tokio::select! {
                () = &mut end => return,
                () = self.more.notified() => {
                    if self.waiting().is_closing {
                        return;
                    }
                }
            }
        }
    }

    /// What waits is on disk.
    async fn sync(&self) {
        let Some(spool) = self.spool.clone() else {
            return;
        };
        let synced = tokio::task::spawn_blocking(move || spool.sync()).await;
        if let Ok(Err(error)) = synced {
            self.waiting().unspooled = Some(error.to_string());
        }
    }

    /// The last word about what the database did not take.
    async fn left_behind(&self, error: &StoreError, say: &Say) {
        self.sync().await;
        let (count, unspooled) = {
            let waiting = self.waiting();
            (waiting.records.len(), waiting.unspooled.clone())
        };
        match (&self.spool, unspooled) {
            (Some(spool), None) => say(&format!(
                "{count} records of evidence wait in `{}` and are written when the server begins again: {error}",
                spool.path().display()
            )),
            (Some(spool), Some(reason)) => say(&format!(
                "some of {count} records of evidence are lost, because `{}` does not take them: {reason}",
                spool.path().display()
            )),
            (None, _) => say(&format!("{count} records of evidence are lost: {error}")),
        }
    }

    /// Writes all that waits.
    pub(crate) async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        loop {
            let batch: Vec<NewEvidence> =
                self.waiting().records.iter().take(BATCH).cloned().collect();
            if batch.is_empty() {
                return Ok(());
            }
            store.record(&batch).await?;
            // INVARIANT: only this takes records away, one call at a time, and new ones come last.
            let mut waiting = self.waiting();
            waiting.records.drain(..batch.len());
            if let Some(spool) = &self.spool {
                // What stays in it although it is written is known again when it is taken over.
                let is_short = waiting.unspooled.is_some();
                let cut = spool.written(waiting.records.iter(), is_short);
                waiting.unspooled = cut.err().map(|error| error.to_string());
            }
        }
    }
}

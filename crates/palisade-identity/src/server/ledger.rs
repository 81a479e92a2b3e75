//! Evidence on its way to the store: written in the order of issuing, many records at a time.
//!
//! **Invariant:** a document is issued only if its record has a place here, so a database that is
//! away or full costs no record as long as the process lives.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Say;
use crate::Refusal;
use crate::evidence::Evidence;
use crate::store::{NewEvidence, Store, StoreError};

/// The most records that wait.
const MOST: usize = 65_536;
/// The most records of one transaction.
const BATCH: usize = 1_000;
/// How long to wait after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Records that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<NewEvidence>,
    failure: Option<String>,
    is_closing: bool,
}

/// How evidence is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerState {
    /// Records that wait to be written.
    pub waiting: usize,
    /// Why they wait, if the store failed.
    pub failure: Option<String>,
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

    /// Keeps a record, unless far too many wait.
    pub(crate) fn keep(&self, record: NewEvidence) {
        let mut waiting = self.waiting();
        if waiting.records.len() < MOST.saturating_mul(2) {
            waiting.records.push_back(record);
        }
        drop(waiting);
        self.more.notify_one();
    }

    pub(crate) fn state(&self) -> LedgerState {
        let waiting = self.waiting();
        LedgerState {
            waiting: waiting.records.len(),
            failure: waiting.failure.clone(),
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
        loop {
            self.more.notified().await;
            while let Err(error) = self.flush(store).await {
                let reason = error.to_string();
                let (is_closing, lost) = {
                    let waiting = self.waiting();
                    (waiting.is_closing, waiting.records.len())
                };
                if is_closing {
                    say(&format!("{lost} records of evidence are lost: {error}"));
                    return;
                }
                if self.waiting().failure.replace(reason.clone()) != Some(reason) {
                    say(&format!("evidence waits: {error}"));
                }
                tokio::time::sleep(PAUSE).await;
            }
            let mut waiting = self.waiting();
            waiting.failure = None;
            if waiting.is_closing {
                return;
            }
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
            self.waiting().records.drain(..batch.len());
        }
    }
}

//! Writes records as lines of JSON without ever making an issuer wait for a disk.
//!
//! Records go through a queue of fixed length to a thread that writes them. When the disk is slower
//! than that, or full, records are lost, counted, and the count is the next record that is written:
//! a gap in the evidence is itself evidence.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::record::Evidence;

/// Why no log can be begun.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system gives no thread.
    #[error("cannot start the thread that writes evidence: {0}")]
    Thread(#[from] std::io::Error),
}

/// Takes records from many threads and writes them in order.
#[derive(Debug)]
pub struct EvidenceLog {
    queue: Option<SyncSender<Line>>,
    counts: Arc<Counts>,
    writer: Option<JoinHandle<()>>,
}

/// A record as it is written.
#[derive(Debug)]
struct Line {
    at: Timestamp,
    text: String,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    /// Lost since the last record that says so.
    lost: AtomicU64,
    lost_ever: AtomicU64,
}

impl EvidenceLog {
    /// Begins a log; `length` records may wait to be written.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(to: Box<dyn Write + Send>, length: usize) -> Result<Self, LogError> {
        let (queue, records) = sync_channel(length);
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let writer = std::thread::Builder::new()
            .name("evidence".to_owned())
            .spawn(move || write_all(to, &records, &counted))?;
        Ok(Self {
            queue: Some(queue),
            counts,
            writer: Some(writer),
        })
    }

    /// Hands a record over; whether it was taken. Never waits.
    pub fn record(&self, evidence: &Evidence) -> bool {
        match serde_json::to_string(evidence) {
            Ok(text) => self.record_text(evidence.at, text),
            Err(_) => false,
        }
    }

    /// Hands over a record of another form, as one line of JSON; whether it was taken.
    pub fn record_text(&self, at: Timestamp, text: String) -> bool {
        let Some(queue) = &self.queue else {
            return false;
        };
        match queue.try_send(Line { at, text }) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.counts.lose();
                false
            }
        }
    }

    /// How many records were written.
    pub fn written(&self) -> u64 {
        self.counts.written.load(Ordering::Relaxed)
    }

    /// How many records were lost.
    pub fn lost(&self) -> u64 {
        self.counts.lost_ever.load(Ordering::Relaxed)
    }

    /// Writes what still waits and ends.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to write.
            drop(writer.join());
        }
    }
}

impl Drop for EvidenceLog {
    fn drop(&mut self) {
        self.end();
    }
}

impl Counts {
    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.lost_ever.fetch_add(1, Ordering::Relaxed);
    }
}

fn write_all(mut to: Box<dyn Write + Send>, records: &Receiver<Line>, counts: &Counts) {
    let mut broken = false;
    while let Ok(line) = records.recv() {
        said_lost(to.as_mut(), counts, line.at, &mut broken);
        if write_one(to.as_mut(), &line.text, &mut broken) {
            counts.written.fetch_add(1, Ordering::Relaxed);
        } else {
            counts.lose();
        }
    }
}

/// Writes how many records were lost, if any were; they stay counted until that is written.
fn said_lost(to: &mut dyn Write, counts: &Counts, at: Timestamp, broken: &mut bool) {
    let lost = counts.lost.swap(0, Ordering::Relaxed);
    let told = serde_json::to_string(&Evidence::lost(at, lost)).unwrap_or_default();
    if lost > 0 && !write_one(to, &told, broken) {
        counts.lost.fetch_add(lost, Ordering::Relaxed);
    }
}

/// One line; after a line that broke off the next begins on a line of its own.
fn write_one(to: &mut dyn Write, text: &str, broken: &mut bool) -> bool {
    let mut line = Vec::with_capacity(512);
    if *broken {
        line.push(b'\n');
    }
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    let written = to.write_all(&line).and_then(|()| to.flush()).is_ok();
    *broken = !written;
    written
}

//! One line of JSON per decision: who asked for what, what was decided, and by which rules. The
//! object itself is never logged, since it may hold secrets. A thread of its own writes the lines,
//! so that a slow disk holds no request up before the queue is full.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_policy::admission::{Decision, Purpose, Secrets};
use palisade_policy::{Answer, Status};
use serde::Serialize;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::metrics::Metrics;

/// Lines that wait for the writer.
const MAX_WAITING: usize = 1024;
/// Longest text in a line, in bytes.
const MAX_TEXT_BYTES: usize = 1024;
/// Most answers in a line.
const MAX_ANSWERS: usize = 64;
/// Longest wait for the last lines when the server stops.
const MAX_GOODBYE: Duration = Duration::from_secs(5);

/// What happens to a decision that the log has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// It waits until there is room, and is refused where there is none in time.
    #[default]
    Wait,
    /// It is refused at once.
    Deny,
}

/// Where decisions are written.
#[derive(Debug)]
pub(crate) struct DecisionLog {
    lines: mpsc::Sender<Entry>,
    overflow: Overflow,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Everything before it is written.
    Written(oneshot::Sender<()>),
}

#[derive(Serialize)]
struct Line<'d> {
    time: String,
    uid: &'d str,
    purpose: &'static str,
    operation: &'static str,
    kind: &'d str,
    namespace: &'d str,
    name: &'d str,
    user: &'d str,
    dry_run: bool,
    allowed: bool,
    duration_us: u128,
    answers: Vec<Said<'d>>,
    /// Answers that the line has no room for.
    #[serde(skip_serializing_if = "is_none")]
    further_answers: usize,
}

#[derive(Serialize)]
struct Said<'d> {
    policy: &'d str,
    rule: &'d str,
    status: &'static str,
    message: String,
}

impl DecisionLog {
    /// Starts the writer; what it cannot write is counted and said.
    pub(crate) fn start(
        to: Box<dyn Write + Send>,
        overflow: Overflow,
        metrics: Arc<Metrics>,
        say: fn(&str),
    ) -> std::io::Result<Self> {
        let (lines, waiting) = mpsc::channel(MAX_WAITING);
        std::thread::Builder::new()
            .name("decision-log".to_owned())
            .spawn(move || write_all(waiting, to, &metrics, say))?;
        Ok(Self { lines, overflow })
    }

    /// Hands a line to the writer; whether it took it.
    pub(crate) async fn write(
        &self,
        decision: &Decision,
        purpose: Purpose,
        now_ns: i64,
        (started, deadline): (Instant, Instant),
    ) -> bool {
        let Some(text) = line(decision, purpose, now_ns, started.elapsed()) else {
            return false;
        };
        match (self.lines.try_send(Entry::Line(text)), self.overflow) {
            (Ok(()), _) => true,
            (Err(TrySendError::Full(entry)), Overflow::Wait) => {
                let sent = tokio::time::timeout_at(deadline.into(), self.lines.send(entry));
                matches!(sent.await, Ok(Ok(())))
            }
            (Err(_), _) => false,
        }
    }

    /// Waits until the lines so far are written.
    pub(crate) async fn finish(&self) {
        let (written, told) = oneshot::channel();
        let told = async {
            if self.lines.send(Entry::Written(written)).await.is_ok() {
                let _stopped = told.await;
            }
        };
        let _late = tokio::time::timeout(MAX_GOODBYE, told).await;
    }
}

fn write_all(
    mut waiting: mpsc::Receiver<Entry>,
    mut to: Box<dyn Write + Send>,
    metrics: &Metrics,
    say: fn(&str),
) {
    let mut fails = false;
    while let Some(entry) = waiting.blocking_recv() {
        let line = match entry {
            Entry::Line(line) => line,
            Entry::Written(told) => {
                let _gone = told.send(());
                continue;
            }
        };
        match to.write_all(&line).and_then(|()| to.flush()) {
            Ok(()) => fails = false,
            Err(error) => {
                metrics.unlogged();
                if !std::mem::replace(&mut fails, true) {
                    say(&format!("decisions cannot be written to the log: {error}"));
                }
            }
        }
    }
}

fn line(decision: &Decision, purpose: Purpose, now_ns: i64, duration: Duration) -> Option<Vec<u8>> {
    let facts = &decision.facts;
    let line = Line {
        time: time(now_ns),
        uid: cut(&facts.uid),
        purpose: match purpose {
            Purpose::Validate => "validate",
            Purpose::Mutate => "mutate",
        },
        operation: facts.operation.word(),
        kind: cut(&facts.kind),
        namespace: cut(&facts.namespace),
        name: cut(&facts.name),
        user: cut(&facts.user),
        dry_run: facts.dry_run,
        allowed: decision.allowed,
        duration_us: duration.as_micros(),
        answers: decision
            .answers
            .iter()
            .take(MAX_ANSWERS)
            .map(|answer| said(answer, &decision.secrets))
            .collect(),
        further_answers: decision.answers.len().saturating_sub(MAX_ANSWERS),
    };
    let mut text = serde_json::to_vec(&line).ok()?;
    text.push(b'\n');
    Some(text)
}

fn said<'a>(answer: &'a Answer, secrets: &Secrets) -> Said<'a> {
    let whole = secrets.mask(&answer.message);
    let mut message = cut(&whole).to_owned();
    if message.len() < whole.len() {
        message.push('…');
    }
    Said {
        policy: cut(&answer.policy),
        rule: cut(&answer.rule),
        status: match answer.status {
            Status::Pass => "pass",
            Status::Skip => "skip",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Error => "error",
        },
        message,
    }
}

/// The text up to the bound, on whole characters.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_none(count: &usize) -> bool {
    *count == 0
}

fn time(now_ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(now_ns))
        .map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ä".repeat(MAX_TEXT_BYTES);
        assert_eq!(cut(&long).len(), MAX_TEXT_BYTES);
        let odd = format!("x{long}");
        assert_eq!(cut(&odd).len(), MAX_TEXT_BYTES - 1);
        assert_eq!(cut("short"), "short");
    }
}

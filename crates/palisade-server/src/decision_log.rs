//! One line of JSON per decision: who asked for what, what was decided, and by which rules. The
//! object itself is never logged, since it may hold secrets.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use palisade_policy::admission::{Decision, Purpose};
use palisade_policy::{Answer, Status};
use serde::Serialize;

/// Where decisions are written.
pub(crate) struct DecisionLog(Mutex<Box<dyn Write + Send>>);

impl std::fmt::Debug for DecisionLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DecisionLog")
    }
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
}

#[derive(Serialize)]
struct Said<'d> {
    policy: &'d str,
    rule: &'d str,
    status: &'static str,
    message: &'d str,
}

impl DecisionLog {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(to))
    }

    /// Writes a line; whether it was written.
    pub(crate) fn write(
        &self,
        decision: &Decision,
        purpose: Purpose,
        now_ns: i64,
        duration: Duration,
    ) -> bool {
        let facts = &decision.facts;
        let line = Line {
            time: time(now_ns),
            uid: &facts.uid,
            purpose: match purpose {
                Purpose::Validate => "validate",
                Purpose::Mutate => "mutate",
            },
            operation: facts.operation.word(),
            kind: &facts.kind,
            namespace: &facts.namespace,
            name: &facts.name,
            user: &facts.user,
            dry_run: facts.dry_run,
            allowed: decision.allowed,
            duration_us: duration.as_micros(),
            answers: decision.answers.iter().map(said).collect(),
        };
        let Ok(mut text) = serde_json::to_vec(&line) else {
            return false;
        };
        text.push(b'\n');
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.write_all(&text).and_then(|()| to.flush()).is_ok()
    }
}

fn said(answer: &Answer) -> Said<'_> {
    Said {
        policy: &answer.policy,
        rule: &answer.rule,
        status: match answer.status {
            Status::Pass => "pass",
            Status::Skip => "skip",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Error => "error",
        },
        message: &answer.message,
    }
}

fn time(now_ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(now_ns))
        .map_or_else(|_| String::new(), |time| time.to_string())
}

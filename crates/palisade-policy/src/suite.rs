//! Results of tests that are written in an ecosystem's own format.

use std::collections::BTreeMap;
use std::time::Duration;

use palisade_model::Origin;

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected; what was expected and what came.
    Failed(String),
    /// Could not run.
    Error(String),
    /// Left out, and why.
    Skipped(String),
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name, as its ecosystem shows it.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// How it goes by a strict reading, where the ecosystem's own reading is looser (Kyverno
    /// passes a resource that no rule answered for).
    pub strict: Option<Verdict>,
    /// Where it is written.
    pub origin: Option<Origin>,
    /// Lines that it printed.
    pub prints: Vec<String>,
    /// How long it took.
    pub duration: Duration,
}

impl CaseResult {
    /// A test without place, prints and duration.
    pub fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            name: name.into(),
            verdict,
            strict: None,
            origin: None,
            prints: Vec::new(),
            duration: Duration::ZERO,
        }
    }
}

/// The tests of one file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SuiteReport {
    /// The language.
    pub language: &'static str,
    /// The ecosystem's runner that this stands in for: `opa test`, `gator verify`, `conftest
    /// verify`, `kyverno test`, `sentinel test`.
    pub runner: &'static str,
    /// The file or folder.
    pub name: String,
    /// Its tests.
    pub cases: Vec<CaseResult>,
    /// Lines of policy that were run, and lines that could be, by file, where that is counted.
    pub coverage: BTreeMap<String, (u32, u32)>,
}

/// The score of an engine on an upstream suite.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConformanceReport {
    /// The suite.
    pub suite: &'static str,
    /// Cases that came out as the suite says.
    pub passed: usize,
    /// Cases that did not, by cause, each with its name.
    pub failed: BTreeMap<String, Vec<String>>,
    /// Cases that say nothing about an engine of this kind (they need a live service), by reason.
    pub not_applicable: BTreeMap<String, Vec<String>>,
    /// Further counts that the suite is known for, such as a strict score: how many passed, of how many.
    pub further: Vec<(String, usize, usize)>,
}

impl ConformanceReport {
    /// How many cases failed.
    pub fn failures(&self) -> usize {
        self.failed.values().map(Vec::len).sum()
    }
}

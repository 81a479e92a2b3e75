//! Results of policy tests: as their ecosystem's own runner prints them, as JUnit, as JSON.

mod human;
mod json;
mod junit;
mod kyverno;

use palisade_policy::{SuiteReport, Verdict};

pub use self::human::plural;
use crate::Detail;

/// Form of the results of policy tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteFormat {
    /// As the ecosystem's own runner prints them.
    Human,
    /// `JUnit` XML.
    Junit,
    /// JSON.
    Json,
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// As expected.
    pub passed: usize,
    /// Not as expected.
    pub failed: usize,
    /// Could not run.
    pub errors: usize,
    /// Left out.
    pub skipped: usize,
}

impl Tally {
    /// Counts by the ecosystem's own reading, or by the strict one.
    pub fn of<'s>(suites: impl IntoIterator<Item = &'s SuiteReport>, reading: Reading) -> Self {
        let mut tally = Self::default();
        for case in suites.into_iter().flat_map(|suite| &suite.cases) {
            let strict = case.strict.as_ref().filter(|_| reading == Reading::Strict);
            match strict.unwrap_or(&case.verdict) {
                Verdict::Passed => tally.passed += 1,
                Verdict::Failed(_) => tally.failed += 1,
                Verdict::Error(_) => tally.errors += 1,
                Verdict::Skipped(_) => tally.skipped += 1,
            }
        }
        tally
    }

    /// All tests.
    pub fn total(self) -> usize {
        self.passed + self.failed + self.errors + self.skipped
    }

    /// Whether a test failed or could not run.
    pub fn is_bad(self) -> bool {
        self.failed + self.errors > 0
    }
}

/// By which expectation tests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As the ecosystem's own runner counts.
    Compatible,
    /// A test passes only if a rule answered as expected.
    Strict,
}

/// Writes results of policy tests.
pub fn render_suites(format: SuiteFormat, suites: &[SuiteReport], detail: Detail) -> String {
    match format {
        SuiteFormat::Human => human::render(suites, detail),
        SuiteFormat::Junit => junit::render(suites),
        SuiteFormat::Json => json::render(suites),
    }
}

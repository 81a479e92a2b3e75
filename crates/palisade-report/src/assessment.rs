//! Everything that one run found out, in the form that every format writes.

use std::collections::BTreeMap;

use palisade_analysis::outcomes::Outcomes;
use palisade_model::{
    Account, Check, Confidence, Coverage, Diagnostic, Exception, Finding, Model, PatternId,
    Severity, Status,
};
use palisade_patterns::Evaluation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// Version of the serialised form; it grows by one when a field changes meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// What a run found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of Palisade.
    pub version: String,
    /// What the run says.
    pub verdict: Verdict,
    /// Severity from which a finding fails the run.
    pub fail_on: Severity,
    /// How large the system is.
    pub estate: Estate,
    /// The four outcomes; `None` when nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Outcomes>,
    /// The twelve patterns, in order.
    pub patterns: Vec<PatternLine>,
    /// Findings that count, worst first.
    pub findings: Vec<Finding>,
    /// Findings that an exception covers.
    pub excepted: Vec<Excepted>,
    /// Exceptions in use that end within 14 days, soonest first.
    pub ending_soon: Vec<Exception>,
    /// The checks that findings name, by id.
    pub checks: BTreeMap<String, CheckSummary>,
    /// What is wrong with the texts themselves.
    pub diagnostics: Vec<Diagnostic>,
    /// What became of each file.
    pub accounts: Vec<Account>,
    /// The command that helps next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Duration of the run, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

impl Assessment {
    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

/// How large the system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// Files that were read, whole or in part.
    pub files: u32,
    /// Workloads.
    pub workloads: u32,
    /// Entry points.
    pub entry_points: u32,
    /// Datasets.
    pub datasets: u32,
    /// Identities.
    pub identities: u32,
}

impl Estate {
    /// Counts a model that was read from so many files.
    pub fn of(model: &Model, files: usize) -> Self {
        let count = |nodes: usize| u32::try_from(nodes).unwrap_or(u32::MAX);
        Self {
            files: count(files),
            workloads: count(model.workloads.len()),
            entry_points: count(model.entry_points.len()),
            datasets: count(model.datasets.len()),
            identities: count(model.identities.len()),
        }
    }
}

/// How far one pattern is met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternLine {
    /// Number, 1 to 12.
    pub pattern: PatternId,
    /// Slug.
    pub slug: String,
    /// Promise, one sentence.
    pub promise: String,
    /// What the counts count, in the plural.
    pub unit: String,
    /// Counts.
    pub coverage: Coverage,
    /// What the counts mean.
    pub status: Status,
    /// Checks with findings, by id.
    pub checks: Vec<String>,
}

impl PatternLine {
    /// The twelve lines of an evaluation.
    pub fn all(evaluation: &Evaluation, findings: &[Finding]) -> Vec<Self> {
        let line = |pattern: PatternId| {
            let known = evaluation
                .patterns
                .iter()
                .find(|result| result.pattern == pattern);
            let coverage = known.map_or_else(Coverage::default, |result| result.coverage);
            let mut checks: Vec<String> = findings
                .iter()
                .filter(|finding| finding.check.pattern() == Some(pattern))
                .map(|finding| finding.check.to_string())
                .collect();
            checks.sort();
            checks.dedup();
            Self {
                pattern,
                slug: pattern.slug().to_owned(),
                promise: pattern.promise().to_owned(),
                unit: pattern.unit().to_owned(),
                coverage,
                status: coverage.status(),
                checks,
            }
        };
        PatternId::all().map(line).collect()
    }
}

/// A finding that is accepted for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Excepted {
    /// The finding.
    pub finding: Finding,
    /// What accepts it.
    pub exception: Exception,
    /// Whether a comment in the source says so, rather than `palisade.toml`.
    pub inline: bool,
}

/// What is known about a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSummary {
    /// Slug.
    pub slug: String,
    /// One line: what it flags.
    pub title: String,
    /// Severity unless a finding says otherwise.
    pub severity: Severity,
    /// Confidence unless a finding says otherwise.
    pub confidence: Confidence,
    /// What it lets an attacker do.
    pub lets: String,
    /// What to do.
    pub fix: String,
    /// Sections of public guides.
    pub references: Vec<String>,
    /// The same question in other tools.
    pub equivalents: Vec<EquivalentId>,
}

/// The same question in another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EquivalentId {
    /// The tool.
    pub tool: palisade_model::Tool,
    /// Its id there.
    pub id: String,
}

impl From<&Check> for CheckSummary {
    fn from(check: &Check) -> Self {
        let equivalents = check.equivalents.iter().map(|other| EquivalentId {
            tool: other.tool,
            id: other.id.to_owned(),
        });
        Self {
            slug: check.slug.to_owned(),
            title: check.title.to_owned(),
            severity: check.severity,
            confidence: check.confidence,
            lets: check.lets.to_owned(),
            fix: check.fix.to_owned(),
            references: check
                .references
                .iter()
                .map(|&text| text.to_owned())
                .collect(),
            equivalents: equivalents.collect(),
        }
    }
}

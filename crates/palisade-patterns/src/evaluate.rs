//! Runs every check and counts coverage.

use palisade_model::{Coverage, Finding, PatternId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, patterns};

/// How far one pattern is met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternResult {
    /// Number.
    pub pattern: PatternId,
    /// Counts.
    pub coverage: Coverage,
}

/// What came out of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// All twelve patterns, in order.
    pub patterns: Vec<PatternResult>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
}

/// Evaluates the patterns; `wanted` says which checks run (coverage is always counted).
pub fn evaluate(context: &Context<'_>, wanted: &dyn Fn(&Unit) -> bool) -> Evaluation {
    let mut findings = Findings::default();
    let mut results = Vec::new();
    for pattern in patterns() {
        for unit in pattern.units.iter().filter(|unit| wanted(unit)) {
            (unit.run)(&unit.check, context, &mut findings);
        }
        results.push(PatternResult {
            pattern: pattern.id,
            coverage: (pattern.coverage)(context),
        });
    }
    Evaluation {
        patterns: results,
        findings: findings.into_sorted(),
    }
}

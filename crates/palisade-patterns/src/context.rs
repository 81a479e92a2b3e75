//! What a check may look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_analysis::Analysis;
use palisade_model::{Model, NodeId};

use crate::guardrail::{GuardrailReport, Judging};
use crate::suppression::WrittenException;

/// The system under judgement, its analysis, and the day.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The system.
    pub model: &'a Model,
    /// What was computed from it.
    pub analysis: &'a Analysis<'a>,
    /// The day that "expired" is judged by.
    pub today: jiff::civil::Date,
    /// Registries that images may come from; empty means that nobody said (no finding then).
    pub allowed_registries: &'a [String],
    /// Exceptions and suppressions as they are written.
    pub exceptions: &'a [WrittenException],
    /// What the team's own policies said.
    pub guardrails: &'a [GuardrailReport],
    /// Files with policies of the team that load, and where they judge, if the team has a folder of
    /// policies: an admission policy in another file guards nothing yet.
    pub judging: Option<&'a BTreeMap<Arc<str>, Judging>>,
    /// Workloads that get an identity of their own by an entry file.
    pub identified: &'a BTreeSet<NodeId>,
}

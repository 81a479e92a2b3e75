//! What a team's own policies said, as the checks of pattern 6 report it.

use palisade_model::{NodeId, Origin, Severity};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardrailFault {
    /// A policy is broken.
    Broken,
    /// A policy does not load, or has no answer.
    NotEvaluated,
    /// An exception from policies is over, or nobody answers for it, or it has no end.
    ExceptionUnreviewed,
}

/// Where the policies of a file judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judging {
    /// Here: they had an answer to everything.
    Here,
    /// In the cluster alone, as the settings say: nothing is said of them here.
    InCluster,
}

/// One thing that a team's policies said of the system.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardrailReport {
    /// What is wrong.
    pub fault: GuardrailFault,
    /// The node or document that was judged.
    pub subject: NodeId,
    /// The policy and rule, and what in the document it is about.
    pub part: String,
    /// Headline.
    pub message: String,
    /// Words under the marked source.
    pub label: String,
    /// The offending value.
    pub origin: Origin,
    /// Digest of the document's content.
    pub content: String,
    /// Severity, where the policy decides it.
    pub severity: Option<Severity>,
    /// The rule's own place.
    pub rule: Option<Origin>,
}

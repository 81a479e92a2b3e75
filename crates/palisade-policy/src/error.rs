//! What can be wrong with a policy, before and while it runs.

use palisade_model::Origin;

use crate::budget::Exhausted;

/// A policy that does not load: a mistake in its text, or something that it needs is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// One sentence, lower case, without a full stop, with the way out.
    pub message: String,
    /// Where.
    pub origin: Option<Origin>,
}

impl PolicyError {
    /// A mistake at a place.
    pub fn at(origin: Origin, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            origin: Some(origin),
        }
    }

    /// A mistake without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            origin: None,
        }
    }
}

/// Why an evaluation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A budget ran out.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// The policy did something that its language forbids (a wrong type, a denied effect).
    #[error("{message}")]
    Failed {
        /// One sentence, lower case, without a full stop.
        message: String,
        /// The place in the policy.
        origin: Option<Origin>,
    },
    /// The engine has a defect; the answer is unknown.
    #[error(
        "the {engine} engine failed on this policy: {message}; this is a defect, please report it"
    )]
    Defect {
        /// Which engine.
        engine: &'static str,
        /// What it said.
        message: String,
    },
}

//! How large a document of GraphQL may be, and how long it may take to judge.

use std::cell::Cell;

use super::super::super::world::Fault;

/// Longest document, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;
/// Most tokens of a document, and most values of one that is given as an object.
pub(super) const MAX_TOKENS: usize = 500_000;
/// Deepest nesting of selections, values and types, with fragments in their places.
pub(super) const MAX_DEPTH: usize = 64;
/// Most steps of a validation: well within the time of a rule.
const MAX_STEPS: usize = 5_000_000;

/// Why a document has no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It breaks a rule of GraphQL.
    Invalid(String),
    /// It is beyond a limit: whether it is valid is not known.
    Beyond(String),
}

impl Problem {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub(super) fn too_deep() -> Self {
        Self::Beyond(format!(
            "the GraphQL document nests more than {MAX_DEPTH} deep"
        ))
    }

    pub(super) fn too_long() -> Self {
        Self::Beyond(format!(
            "the GraphQL document has more than {MAX_TOKENS} parts or {MAX_BYTES} bytes"
        ))
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Invalid(message) => Self::undefined(message),
            Problem::Beyond(message) => Self::halt(message),
        }
    }
}

/// The steps that a validation has left.
#[derive(Debug)]
pub(super) struct Steps(Cell<usize>);

impl Steps {
    pub(super) fn new() -> Self {
        Self(Cell::new(MAX_STEPS))
    }

    /// Takes so many steps.
    pub(super) fn take(&self, steps: usize) -> Result<(), Problem> {
        let left = self.0.get().checked_sub(steps).ok_or_else(|| {
            Problem::Beyond("the GraphQL document takes too long to validate".to_owned())
        })?;
        self.0.set(left);
        Ok(())
    }
}

//! What a run says, and the exit code that says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict of a run. Exit codes are public interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    tag = "result"
)]
pub enum Verdict {
    /// Nothing breaks policy.
    Passes,
    /// Something does, at or above the severity that fails a run.
    Fails {
        /// How many findings fail the run.
        findings: u32,
    },
    /// The run could not finish, so nothing is said.
    Incomplete {
        /// Why.
        reason: String,
    },
    /// There was nothing to check.
    NothingToCheck,
}

impl Verdict {
    /// The exit code that says it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Passes => 0,
            Self::Fails { .. } => 1,
            Self::Incomplete { .. } => 3,
            Self::NothingToCheck => 4,
        }
    }
}

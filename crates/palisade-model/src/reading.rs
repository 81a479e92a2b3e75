//! What became of each file, and what is wrong with the texts themselves.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin::Origin;

/// How much a diagnostic costs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DiagnosticLevel {
    /// Something was not read; the verdict is incomplete.
    Error,
    /// Everything was read, but it says something doubtful.
    Warning,
    /// Worth knowing.
    Note,
}

/// Something about a text itself, rather than about security.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// How much it costs.
    pub level: DiagnosticLevel,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where; `None` when it concerns no single file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The way out, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum Outcome {
    /// Read.
    Read {
        /// Format slug, such as `kubernetes` or `dockerfile`.
        format: String,
        /// Resources found in it.
        resources: u32,
    },
    /// Read in part: what stands before the error.
    Partial {
        /// Format slug.
        format: String,
        /// Why the rest is missing.
        reason: String,
    },
    /// Nothing in it is for us.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// It is for us, and it was not read.
    Unread {
        /// Why.
        reason: String,
    },
}

/// A file and what became of it. Every file under the paths of a run has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Path relative to where the run started, with `/`.
    #[schemars(with = "String")]
    pub path: Arc<str>,
    /// What became of it.
    pub outcome: Outcome,
}

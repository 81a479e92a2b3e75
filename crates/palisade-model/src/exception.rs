//! Exceptions: reviewed code with an owner and an end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{CheckId, Finding};
use crate::origin::Origin;

/// What an exception covers: a check on one resource with one content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionScope {
    /// Check.
    pub check: CheckId,
    /// Node id of the resource.
    pub resource: String,
    /// Part of the resource, such as a container; empty for any part.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// Digest of the resource's content; `None` (only for comments in the source itself) binds to
    /// the place of the comment instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// A finding that is accepted for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// What it covers.
    pub scope: ExceptionScope,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// First day on which it no longer holds.
    #[schemars(with = "String")]
    pub expires: jiff::civil::Date,
    /// Where it is written.
    pub origin: Origin,
}

impl Exception {
    /// Whether it covers this finding, whatever the date.
    pub fn covers(&self, finding: &Finding) -> bool {
        let scope = &self.scope;
        scope.check == finding.check
            && scope.resource == finding.subject.as_str()
            && (scope.part.is_empty() || scope.part == finding.part)
            && scope
                .content
                .as_ref()
                .is_none_or(|content| *content == finding.content)
    }

    /// Whether it still holds on a day.
    pub fn holds_on(&self, today: jiff::civil::Date) -> bool {
        today < self.expires
    }
}

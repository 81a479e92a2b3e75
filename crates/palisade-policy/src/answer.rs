//! What a policy says about an input.

use palisade_model::{Origin, Severity};

use crate::exception::PolicyException;

/// How one rule judged one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The rule applies and is met.
    Pass,
    /// The rule does not apply: a precondition or an exception took the input out.
    Skip,
    /// The rule is broken, and its author only wants to be told.
    Warn,
    /// The rule is broken.
    Fail,
    /// The rule could not be evaluated; a gate takes it as broken.
    Error,
}

/// What the author of a rule wants to happen when it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// Told to whoever asks (`audit`, `dryrun`, `advisory`).
    Audit,
    /// Told to whoever made the change (`warn`).
    Warn,
    /// Stops the change unless somebody with the right overrides it (`soft-mandatory`).
    Overridable,
    /// Stops the change (`deny`, `Enforce`, `hard-mandatory`).
    Deny,
}

/// A document that a rule would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The input as mutated, in JSON.
    Mutated(String),
    /// A further document, in JSON.
    Generated(String),
}

/// One rule's answer about one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The policy, as its ecosystem names it.
    pub policy: String,
    /// The rule in it; empty where a policy is one rule.
    pub rule: String,
    /// How it judged.
    pub status: Status,
    /// The policy's own message, or why it could not be evaluated.
    pub message: String,
    /// What a breach asks for.
    pub enforcement: Enforcement,
    /// Severity, where the policy states one.
    pub severity: Option<Severity>,
    /// The offending value in the input, as near as the language can tell.
    pub place: Option<Origin>,
    /// Path of the offending value, such as `/spec/containers/0/image`; empty for the whole.
    pub path: String,
    /// The rule's own place.
    pub defined_at: Option<Origin>,
    /// What the rule would write.
    pub changes: Vec<Change>,
    /// Facts of a cluster or registry that the rule asked for and nobody supplied: a status of
    /// `Fail` or `Error` may hang on them alone.
    pub missing: Vec<String>,
    /// The reviewed exception that skipped it.
    pub exception: Option<Box<PolicyException>>,
}

impl Answer {
    /// An answer without places and changes.
    pub fn new(policy: impl Into<String>, rule: impl Into<String>, status: Status) -> Self {
        Self {
            policy: policy.into(),
            rule: rule.into(),
            status,
            message: String::new(),
            enforcement: Enforcement::Deny,
            severity: None,
            place: None,
            path: String::new(),
            defined_at: None,
            changes: Vec::new(),
            missing: Vec::new(),
            exception: None,
        }
    }

    /// The policy and, where it has several, the rule: `policy/rule`.
    pub fn name(&self) -> String {
        if self.rule.is_empty() {
            self.policy.clone()
        } else {
            format!("{}/{}", self.policy, self.rule)
        }
    }

    /// An answer that there is none, and why; gates take it as a breach.
    pub fn error(
        policy: impl Into<String>,
        rule: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            ..Self::new(policy, rule, Status::Error)
        }
    }
}

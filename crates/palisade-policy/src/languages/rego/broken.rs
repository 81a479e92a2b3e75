//! Policies that do not run, beside others that do.

use super::sound::LeftOut;
use crate::answer::Answer;
use crate::error::PolicyError;

/// A policy that does not run: it answers every question with why.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    policy: String,
    rule: String,
    /// What keeps it from running.
    pub(super) error: PolicyError,
}

impl Broken {
    /// A policy, or a rule of one.
    pub(super) fn new(policy: &str, rule: &str, error: PolicyError) -> Self {
        Self {
            policy: policy.to_owned(),
            rule: rule.to_owned(),
            error,
        }
    }

    /// Its answer to every question.
    pub(super) fn answer(&self) -> Answer {
        let message = self.error.message.as_str();
        let mut answer = Answer::error(self.policy.as_str(), self.rule.as_str(), message);
        answer.defined_at.clone_from(&self.error.origin);
        answer
    }
}

impl From<LeftOut> for Broken {
    fn from(left_out: LeftOut) -> Self {
        Self::new(&left_out.package, "", left_out.error)
    }
}

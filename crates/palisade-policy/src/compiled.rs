//! A compiled policy set, and the guard that a defect of an engine ends in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_model::{Origin, Severity};

use crate::answer::{Answer, Enforcement};
use crate::context::Context;
use crate::error::{EvaluationError, PolicyError};
use crate::exception::PolicyException;
use crate::input::{Input, Subject};

/// What is known of a rule without running it.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSummary {
    /// The policy.
    pub policy: String,
    /// The rule; empty where a policy is one rule.
    pub rule: String,
    /// One line about it, where the policy says one.
    pub title: String,
    /// Severity, where the policy states one.
    pub severity: Option<Severity>,
    /// What a breach asks for.
    pub enforcement: Enforcement,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// The kinds of document that it is for, where the rule would answer about others too; none
    /// where its language says so itself.
    pub subjects: Vec<Subject>,
}

/// An immutable policy set that threads share.
pub trait Compiled: Send + Sync + std::fmt::Debug {
    /// The language's name.
    fn language(&self) -> &'static str;

    /// Its rules.
    fn rules(&self) -> &[RuleSummary];

    /// The policies in it that do not load beside those that do: they answer with errors, and gates
    /// fail closed on them.
    fn errors(&self) -> &[PolicyError] {
        &[]
    }

    /// The reviewed exceptions from its policies, in their ecosystem's own form.
    fn exceptions(&self) -> &[PolicyException] {
        &[]
    }

    /// What is doubtful in it although it loads: unused or unreachable parts.
    fn warnings(&self) -> &[PolicyError] {
        &[]
    }

    /// Judges one input: an answer per rule that the input is for. A rule that fails to evaluate
    /// is an answer with `Status::Error`; `Err` is for what ends the whole set.
    fn evaluate<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Result<Vec<Answer>, EvaluationError>;
}

/// Judges one input; a panic in the engine becomes [`EvaluationError::Defect`].
pub fn evaluate_guarded<'a>(
    policy: &dyn Compiled,
    context: &Context<'a>,
    input: &Input<'a>,
) -> Result<Vec<Answer>, EvaluationError> {
    let engine = policy.language();
    catch_unwind(AssertUnwindSafe(|| policy.evaluate(context, input))).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it panicked".to_owned());
        Err(EvaluationError::Defect { engine, message })
    })
}

//! Which documents a rule is for. Most languages say so themselves; a rule of Rego does not, and one
//! about manifests that is asked about a build file answers nonsense: there the engine tells it by
//! what the rule reads.

use std::collections::BTreeMap;

use palisade_policy::{Answer, Compiled, Subject};

/// What the rules of a set are for, where they would answer about other documents too.
#[derive(Debug)]
pub(super) struct Scope<'s>(BTreeMap<(&'s str, &'s str), &'s [Subject]>);

impl<'s> Scope<'s> {
    /// The scope of a set.
    pub(super) fn of(set: &'s dyn Compiled) -> Self {
        let rules = set.rules().iter();
        let known = rules.filter(|rule| !rule.subjects.is_empty()).map(|rule| {
            let name = (rule.policy.as_str(), rule.rule.as_str());
            (name, rule.subjects.as_slice())
        });
        Self(known.collect())
    }

    /// Whether an answer counts that a rule gave about a document of this kind.
    pub(super) fn holds(&self, answer: &Answer, subject: Subject) -> bool {
        let wanted = self.0.get(&(answer.policy.as_str(), answer.rule.as_str()));
        wanted.is_none_or(|wanted| wanted.contains(&subject))
    }
}

//! Grants that are neither wildcards nor a way to more.

use palisade_model::{Binding, Coverage, Model, Role, Severity, Subject};

use super::abilities::{ABILITIES, grants};
use crate::context::Context;

/// Groups and accounts that stand for everybody, or for whoever comes by.
const ANYBODY: [&str; 5] = [
    "default",
    "system:anonymous",
    "system:authenticated",
    "system:serviceaccounts",
    "system:unauthenticated",
];

pub(super) fn coverage(context: &Context<'_>) -> Coverage {
    let mut coverage = Coverage::default();
    for binding in &context.model.bindings {
        let least = is_least(context.model, binding);
        for subject in &binding.subjects {
            coverage.applicable += 1;
            coverage.guarded += u32::from(least && is_somebody(subject));
        }
    }
    coverage
}

fn is_somebody(subject: &Subject) -> bool {
    subject.name != "system:masters" && !ANYBODY.contains(&subject.name.as_str())
}

/// Whether the role of a binding is known to be narrow; an unknown role is no wildcard that
/// anybody wrote here.
fn is_least(model: &Model, binding: &Binding) -> bool {
    if binding.role.cluster && binding.role.name == "cluster-admin" {
        return false;
    }
    let namespace = if binding.role.cluster {
        &None
    } else {
        &binding.namespace
    };
    model
        .roles
        .iter()
        .find(|role| role.namespace == *namespace && role.name == binding.role.name)
        .is_none_or(is_narrow)
}

fn is_narrow(role: &Role) -> bool {
    role.rules.iter().all(|rule| {
        let wild = [&rule.verbs, &rule.resources]
            .into_iter()
            .any(|list| list.iter().any(|word| word == "*"));
        let escalates = ABILITIES
            .iter()
            .any(|ability| ability.severity >= Severity::High && grants(rule, ability));
        !wild && !escalates
    })
}

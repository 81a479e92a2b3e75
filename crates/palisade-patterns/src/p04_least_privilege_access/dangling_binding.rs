//! Binding to a role or service account that does not exist.

use palisade_model::{Binding, Check, CheckId, Confidence, Identity, Model, Severity, SubjectKind};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 11),
        slug: "dangling-binding",
        title: "binding to a role or service account that does not exist",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "whoever may create the missing object gets the grant by choosing its name",
        fix: "create the missing object, or remove the binding",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
            "MITRE ATT&CK T1078.004",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for binding in &context.model.bindings {
        if role_is_missing(context.model, binding) {
            let message = format!(
                "binding `{}` gives role `{}`, which does not exist",
                binding.id.name(),
                binding.role.name
            );
            let report = Report::new(&binding.id, &binding.role_origin, &binding.content, message)
                .part("role")
                .label("no such role in the code");
            findings.add(check, report);
        }
        for subject in &binding.subjects {
            if subject.kind != SubjectKind::ServiceAccount || subject.name == "default" {
                continue;
            }
            let namespace = subject
                .namespace
                .as_deref()
                .or(binding.namespace.as_deref());
            let Some(namespace) = namespace else { continue };
            if !account_is_missing(context.model, namespace, &subject.name) {
                continue;
            }
            let message = format!(
                "binding `{}` names service account `{namespace}/{}`, which does not exist",
                binding.id.name(),
                subject.name
            );
            let report = Report::new(&binding.id, &subject.origin, &binding.content, message)
                .part(format!("{namespace}/{}", subject.name))
                .label("no such service account in the code");
            findings.add(check, report);
        }
    }
}

/// A namespaced role must be in the namespace of its binding. Cluster roles are left out: they
/// may come from an operator or from Kubernetes itself.
fn role_is_missing(model: &Model, binding: &Binding) -> bool {
    !binding.role.cluster
        && !model
            .roles
            .iter()
            .any(|role| role.namespace == binding.namespace && role.name == binding.role.name)
}

/// Judged only where the code declares some service account of that namespace.
fn account_is_missing(model: &Model, namespace: &str, name: &str) -> bool {
    let declares = |identity: &&Identity| {
        identity.declared && identity.namespace.as_deref() == Some(namespace)
    };
    // The account itself is looked up; the others only tell whether the code is about accounts.
    !model
        .account(namespace, name)
        .as_ref()
        .is_some_and(declares)
        && model.identities.iter().any(|identity| declares(&identity))
}

//! Mesh rule that allows any caller or any operation.

use palisade_model::{
    AuthorizationAction, AuthorizationRule, Check, CheckId, Confidence, Severity,
};

use super::mesh_rules::{asks_for_caller, authorizations, is_empty, only_health};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 7),
        slug: "mesh-rule-too-wide",
        title: "mesh rule that allows any caller or any operation",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "a compromised workload of the mesh calls what it never needed to call",
        fix: "name the callers with `principals` and the operations with `methods` and `paths`",
        references: &[
            "NIST SP 800-204B: authorization policies",
            "NIST SP 800-207: 2.1",
            "MITRE ATT&CK T1210",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in authorizations(context.model) {
        if policy.action != AuthorizationAction::Allow {
            continue;
        }
        for (at, rule) in policy.rules.iter().enumerate() {
            let Some((severity, what)) = width(rule) else {
                continue;
            };
            let message = format!("policy `{}` allows {what}", control.id.name());
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("rule {}", at + 1))
                .severity(severity)
                .label("this rule is wider than it looks");
            findings.add(check, report);
        }
    }
}

fn width(rule: &AuthorizationRule) -> Option<(Severity, &'static str)> {
    if is_empty(rule) || only_health(rule) {
        return None;
    }
    let caller = asks_for_caller(rule);
    let operation = rule.to.iter().any(|to| {
        !(to.methods.is_empty()
            && to.paths.is_empty()
            && to.not_paths.is_empty()
            && to.ports.is_empty())
    });
    match (caller, operation) {
        (false, _) => Some((Severity::Medium, "its operations to any caller")),
        (true, false) => Some((Severity::Low, "its callers any operation")),
        (true, true) => None,
    }
}

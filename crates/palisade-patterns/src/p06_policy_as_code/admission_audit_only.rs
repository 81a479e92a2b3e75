//! Admission policy only reports.

use palisade_model::{
    AdmissionPolicy, Check, CheckId, Confidence, ControlKind, Enforcement, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 2),
        slug: "admission-audit-only",
        title: "admission policy only reports",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "what the policy forbids is let in all the same",
        fix: "let the policy refuse: `Enforce`, `deny` or `Deny`",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.1",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in &context.model.controls {
        let ControlKind::Admission(policy) = &control.kind else {
            continue;
        };
        let enforcement = &policy.enforcement;
        let what = match enforcement.value {
            Enforcement::Deny => continue,
            Enforcement::Audit => "reports and lets everything in",
            Enforcement::Unbound => "is put in force by no binding, and lets everything in",
        };
        let message = format!("admission policy `{}` {what}", control.name);
        let report = Report::new(&control.id, &enforcement.origin, &control.content, message)
            .label("nothing is refused");
        findings.add(check, enforcing(report, policy));
    }
}

/// Adds the edit, where the place is the word itself and not the object of a policy that says nothing.
fn enforcing(report: Report, policy: &AdmissionPolicy) -> Report {
    let origin = &policy.enforcement.origin;
    let length = origin.span.end.saturating_sub(origin.span.start);
    match (policy.engine.as_str(), length) {
        ("kyverno", 5) => report.replacing(origin, "Enforce"),
        ("gatekeeper", 4 | 6) => report.replacing(origin, "deny"),
        _ => report,
    }
}

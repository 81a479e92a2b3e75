//! Namespace enforces the level `privileged`.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::pod_security::{ENFORCE, declared_namespaces, level};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 8),
        slug: "privileged-pod-security-level",
        title: "namespace enforces the level `privileged`",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever may create pods in the namespace may create privileged ones",
        fix: "enforce `baseline` or `restricted`, and move what needs more to a namespace of its own",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.1",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement",
            "Pod Security Standards",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for zone in declared_namespaces(context).filter(|zone| level(zone) == Some("privileged")) {
        let fact = zone.label_facts.iter().find(|fact| fact.value.0 == ENFORCE);
        let place = fact.map_or(&zone.origin, |fact| &fact.origin);
        let message = format!("namespace `{}` enforces the level `privileged`", zone.name);
        let report = Report::new(&zone.id, place, &zone.content, message);
        findings.add(check, report.label("any pod is let in"));
    }
}

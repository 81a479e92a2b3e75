//! Namespace enforces no Pod Security level.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Enforcement, Severity};

use super::pod_security::{declared_namespaces, level};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 4),
        slug: "no-pod-security-level",
        title: "namespace enforces no Pod Security level",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever may create pods in the namespace may create privileged ones",
        fix: "label the namespace `pod-security.kubernetes.io/enforce: restricted` (or `baseline`)",
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
    let refuses_pods = context
        .model
        .active_controls()
        .any(|control| match &control.kind {
            ControlKind::Admission(policy) => {
                policy.enforcement.value == Enforcement::Deny
                    && (policy.kinds.is_empty()
                        || policy.kinds.iter().any(|kind| kind.ends_with("Pod")))
            }
            _ => false,
        });
    for zone in declared_namespaces(context).filter(|zone| level(zone).is_none()) {
        let warns = zone.labels.keys().any(|key| {
            key == "pod-security.kubernetes.io/warn" || key == "pod-security.kubernetes.io/audit"
        });
        let what = if warns {
            "only warns of pods below a Pod Security level"
        } else {
            "enforces no Pod Security level"
        };
        let message = format!("namespace `{}` {what}", zone.name);
        let mut report =
            Report::new(&zone.id, &zone.origin, &zone.content, message).label("any pod is let in");
        if refuses_pods {
            report = report
                .severity(Severity::Low)
                .confidence(Confidence::Medium);
        }
        findings.add(check, report);
    }
}

//! Audit policy records nothing.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(11, 2),
        slug: "audit-log-off",
        title: "audit policy records nothing",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "what is done through the API server, by an attacker too, is not recorded",
        fix: "record at least metadata of every request, and bodies of changes",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 3.2.1, 3.2.2",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Audit logging and threat detection",
            "MITRE ATT&CK T1562.008",
        ],
        equivalents: &[
            kubescape("C-0067"),
            kubescape("C-0160"),
            kubescape("C-0161"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in &context.model.controls {
        if let ControlKind::AuditPolicy { records: false } = control.kind {
            let message = "the audit policy records nothing";
            let report = Report::new(&control.id, &control.spec_origin, &control.content, message);
            findings.add(check, report.label("every rule says `None`"));
        }
    }
}

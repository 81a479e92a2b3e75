//! Nothing checks workloads when they are admitted.

use palisade_model::{
    Check, CheckId, Confidence, Control, ControlKind, NodeId, NodeKind, Severity,
};

use super::pod_security::{declared_namespaces, level};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 9),
        slug: "no-admission-policy",
        title: "nothing checks workloads when they are admitted",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "a change that skips the review of code is let into the cluster unseen",
        fix: "add admission policies (Kyverno, ValidatingAdmissionPolicy) or Pod Security labels to the code of the cluster",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.1",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement",
        ],
        equivalents: &[kubescape("C-0192")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let admission = |control: &Control| matches!(control.kind, ControlKind::Admission(_));
    let guarded = context.model.controls.iter().any(admission)
        || context.model.zones.iter().any(|zone| level(zone).is_some());
    // Code without namespaces is not the code of a whole cluster, and what is not in it may be elsewhere.
    let Some(first) = declared_namespaces(context).next() else {
        return;
    };
    if guarded || context.model.workloads.is_empty() {
        return;
    }
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    let message = "no admission policy and no Pod Security level stands in the code";
    let report = Report::new(&cluster, &first.origin, &first.content, message);
    findings.add(check, report.label("a namespace that nothing guards"));
}

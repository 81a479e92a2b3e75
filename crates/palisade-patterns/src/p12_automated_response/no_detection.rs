//! Exposed system has no detection.

use palisade_model::{
    Check, CheckId, Confidence, Control, ControlKind, EntryPoint, NodeId, NodeKind, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(12, 1),
        slug: "no-detection",
        title: "exposed system has no detection",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "an attacker who got in is found by chance",
        fix: "add detection rules (Falco, Tetragon) to the code",
        references: &[
            "NIST SP 800-190: 4.4.4",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Audit logging and threat detection",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let detects = |control: &Control| matches!(control.kind, ControlKind::Detection { .. });
    if context.model.controls.iter().any(detects) {
        return;
    }
    let open = |entry: &&EntryPoint| !entry.internal && !entry.backends.is_empty();
    let Some(entry) = context.model.entry_points.iter().find(open) else {
        return;
    };
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    let message = "workloads are exposed, and no detection stands in the code";
    let report = Report::new(&cluster, &entry.origin, &entry.content, message);
    findings.add(check, report.label("a way in"));
}

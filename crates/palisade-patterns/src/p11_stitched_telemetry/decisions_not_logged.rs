//! Decisions of the mesh are not logged.

use palisade_model::{
    Check, CheckId, Confidence, Control, ControlKind, NodeId, NodeKind, Severity,
};

use crate::container_view::is_true;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(11, 4),
        slug: "decisions-not-logged",
        title: "decisions of the mesh are not logged",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "refused calls, the first sign of somebody who tries doors, are not seen",
        fix: "turn access logging on with a Telemetry object in the root namespace",
        references: &[
            "NIST SP 800-204B: authorization policies",
            "NIST SP 800-53r5: AU-2",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let controls = &context.model.controls;
    let decides = |control: &&Control| matches!(control.kind, ControlKind::Authorization(_));
    let Some(first) = controls.iter().find(decides) else {
        return;
    };
    let logs = |control: &Control| match &control.kind {
        ControlKind::Telemetry(telemetry) => is_true(telemetry.access_logging.as_ref()),
        _ => false,
    };
    if context.model.active_controls().any(logs) {
        return;
    }
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    let message = "no Telemetry object logs what authorization policies decide";
    let report = Report::new(&cluster, &first.origin, &first.content, message);
    findings.add(check, report.label("its refusals are not recorded"));
}

//! Detection leads to no response.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(12, 2),
        slug: "detection-without-response",
        title: "detection leads to no response",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "the time between a detection and its containment is the time that somebody takes to read it",
        fix: "let the detection act (Tetragon `Sigkill`, Falco Talon) or hand it to a responder",
        references: &["NIST SP 800-61r3: RS.MI", "NIST SP 800-190: 4.4.4"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in &context.model.controls {
        if let ControlKind::Detection {
            responds: false, ..
        } = control.kind
        {
            let message = format!(
                "{} `{}` detects and does not respond",
                control.kind_name, control.name
            );
            let report = Report::new(&control.id, &control.origin, &control.content, message);
            findings.add(check, report.label("only tells"));
        }
    }
}

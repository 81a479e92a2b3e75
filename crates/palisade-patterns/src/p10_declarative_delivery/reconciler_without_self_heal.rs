//! Reconciler does not undo drift.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 7),
        slug: "reconciler-without-self-heal",
        title: "reconciler does not undo drift",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a change that is made by hand, by an attacker too, stays in the cluster",
        fix: "turn self-healing on (`syncPolicy.automated.selfHeal: true`; in Flux remove `suspend`)",
        references: &["NIST SP 800-53r5: CM-3, CM-6"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in &context.model.controls {
        if let ControlKind::Reconciler {
            self_heals: false, ..
        } = control.kind
        {
            let message = format!(
                "{} `{}` does not undo drift",
                control.kind_name, control.name
            );
            let report = Report::new(&control.id, &control.spec_origin, &control.content, message);
            findings.add(check, report.label("what is changed by hand stays"));
        }
    }
}

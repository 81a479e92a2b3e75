//! Build step asks for rights of the builder.

use palisade_model::{BuildCommand, Check, CheckId, Confidence, Severity};

use crate::build_view::steps;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 14),
        slug: "insecure-build-step",
        title: "build step asks for rights of the builder",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "code that the step runs takes over the builder, and with it every image that is built there",
        fix: "remove `--security=insecure` and `--network=host` from the step",
        references: &["NIST SP 800-190: 4.1.2", "SLSA v1.0"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for step in steps(context) {
        let BuildCommand::Run {
            privileged: Some(option),
            ..
        } = &step.instruction.command
        else {
            continue;
        };
        let report = step.report(&format!("runs a step with `{option}`"));
        findings.add(check, report.label("rights of the builder"));
    }
}

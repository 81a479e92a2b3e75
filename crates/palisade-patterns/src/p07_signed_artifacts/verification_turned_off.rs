//! Build file turns the check of certificates or signatures off.

use palisade_model::{BuildCommand, Check, CheckId, Confidence, Severity};

use super::commands::unverified;
use crate::build_view::{runs, steps};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 13),
        slug: "verification-turned-off",
        title: "build file turns the check of certificates or signatures off",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever is on the way between builder and server decides what is in the image",
        fix: "remove the option, and install the certificate or key that is missing",
        references: &["CIS Docker Benchmark 1.6: 4.11", "MITRE ATT&CK T1195.002"],
        equivalents: &[
            checkov("CKV2_DOCKER_2"),
            checkov("CKV2_DOCKER_3"),
            checkov("CKV2_DOCKER_4"),
            checkov("CKV2_DOCKER_7"),
            checkov("CKV2_DOCKER_8"),
            checkov("CKV2_DOCKER_9"),
            checkov("CKV2_DOCKER_10"),
            checkov("CKV2_DOCKER_11"),
            checkov("CKV2_DOCKER_5"),
            checkov("CKV2_DOCKER_6"),
            checkov("CKV2_DOCKER_12"),
            checkov("CKV2_DOCKER_13"),
            checkov("CKV2_DOCKER_14"),
            checkov("CKV2_DOCKER_15"),
            checkov("CKV2_DOCKER_16"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    variables(check, context, findings);
    for (step, commands) in runs(context) {
        for command in &commands {
            let Some(option) = unverified(command) else {
                continue;
            };
            let program = command.program();
            let report = step
                .report(&format!("turns verification off with `{program} {option}`"))
                .part(program)
                .label("anybody on the way can answer");
            findings.add(check, report);
        }
    }
}

fn variables(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for step in steps(context) {
        let BuildCommand::Variable {
            name,
            turns_verification_off: true,
            ..
        } = &step.instruction.command
        else {
            continue;
        };
        let report = step
            .report(&format!("turns verification off with `{name}`"))
            .part(name.as_str())
            .label("anybody on the way can answer");
        findings.add(check, report);
    }
}

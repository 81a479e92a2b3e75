//! Build file sets a password.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::build_view::{ShellCommand, runs};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 15),
        slug: "password-set-in-build",
        title: "build file sets a password",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the password is in the history of the image, and the same in every container",
        fix: "leave accounts without a password, or set it when the container starts",
        references: &["CIS Docker Benchmark 1.6: 4.10", "NIST SP 800-190: 4.1.4"],
        equivalents: &[checkov("CKV2_DOCKER_17")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (step, commands) in runs(context) {
        let sets = |command: &ShellCommand| {
            let program = command.program();
            let piped = program == "passwd" && (command.piped || command.has("--stdin"));
            program == "chpasswd" || piped
        };
        if commands.iter().any(sets) {
            findings.add(
                check,
                step.report("sets a password")
                    .label("stays in the history of the image"),
            );
        }
    }
}

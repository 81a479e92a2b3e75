//! Build file installs packages without a version.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::commands::unpinned_package;
use crate::build_view::runs;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, hadolint};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 12),
        slug: "unpinned-package",
        title: "build file installs packages without a version",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "two builds of the same file give different images, and a bad release is taken at once",
        fix: "name the version of each package, or install from a lock file",
        references: &["NIST SP 800-190: 4.1.1", "SLSA v1.0"],
        equivalents: &[
            hadolint("DL3008"),
            hadolint("DL3013"),
            hadolint("DL3016"),
            hadolint("DL3018"),
            hadolint("DL3028"),
            hadolint("DL3033"),
            hadolint("DL3041"),
            hadolint("DL3037"),
            hadolint("DL3062"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (step, commands) in runs(context) {
        for command in &commands {
            let Some(package) = unpinned_package(command) else {
                continue;
            };
            let program = command.program();
            let report = step
                .report(&format!("installs `{package}` without a version"))
                .part(program)
                .label(format!("`{program}` takes whatever is newest"));
            findings.add(check, report);
        }
    }
}

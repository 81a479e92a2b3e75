//! Build file installs or uses `sudo`.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::build_view::runs;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, hadolint, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 18),
        slug: "sudo-in-image",
        title: "build file installs or uses `sudo`",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "whoever gets into the container becomes root with one command",
        fix: "run the steps that need root before `USER`, and leave `sudo` out of the image",
        references: &["CIS Docker Benchmark 1.6: 4.8", "MITRE ATT&CK T1548.003"],
        equivalents: &[
            checkov("CKV2_DOCKER_1"),
            trivy("DS-0010"),
            hadolint("DL3004"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (step, commands) in runs(context) {
        let uses = commands
            .iter()
            .any(|command| command.words.iter().any(|word| word == "sudo"));
        if uses {
            findings.add(check, step.report("uses `sudo`").label("here"));
        }
    }
}

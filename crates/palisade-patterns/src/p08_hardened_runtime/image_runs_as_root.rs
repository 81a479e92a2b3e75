//! Image is built to run as root.

use palisade_model::{
    BuildCommand, BuildFile, BuildStage, Check, CheckId, Confidence, Origin, Severity,
};

use crate::build_view::{builds, is_root, last_user};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, hadolint, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 17),
        slug: "image-runs-as-root",
        title: "image is built to run as root",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a process that breaks out of a container of this image is user 0 on the node",
        fix: "end the build file with a `USER` that is not root",
        references: &["CIS Docker Benchmark 1.6: 4.1", "NIST SP 800-190: 4.1.2"],
        equivalents: &[
            checkov("CKV_DOCKER_3"),
            checkov("CKV_DOCKER_8"),
            trivy("DS-0002"),
            hadolint("DL3002"),
        ],
    },
    run,
};

/// Words in the names of base images that come with a user of their own.
const OWN_USER: [&str; 4] = ["nonroot", "chainguard", "rootless", "unprivileged"];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (pipeline, build) in builds(context) {
        let Some(stage) = build.stages.last() else {
            continue;
        };
        let report = match last_user(build, stage) {
            Some(user) if is_root(user) == Some(true) => {
                let message = format!("image of `{}` runs as `{user}`", pipeline.name);
                Report::new(&pipeline.id, user_origin(stage), &pipeline.content, message)
                    .label("the last user is root")
            }
            Some(_) => continue,
            None if base_has_user(build, stage) => continue,
            None => {
                let message = format!("image of `{}` has no `USER`", pipeline.name);
                Report::new(&pipeline.id, &stage.origin, &pipeline.content, message)
                    .label("runs as root unless the base image says otherwise")
                    .confidence(Confidence::Medium)
            }
        };
        findings.add(check, report);
    }
}

/// The last `USER` of the stage, or its start when the user comes from an earlier one.
fn user_origin(stage: &BuildStage) -> &Origin {
    let user = |command: &BuildCommand| matches!(command, BuildCommand::User { .. });
    let last = stage
        .instructions
        .iter()
        .rev()
        .find(|one| user(&one.command));
    last.map_or(&stage.origin, |instruction| &instruction.origin)
}

/// Whether the external image at the bottom of the stage is known to bring a user.
fn base_has_user(build: &BuildFile, stage: &BuildStage) -> bool {
    let mut stage = stage;
    for _ in 0..=build.stages.len() {
        match stage.from_stage.and_then(|index| build.stages.get(index)) {
            Some(earlier) => stage = earlier,
            None => break,
        }
    }
    OWN_USER.iter().any(|word| stage.base.value.contains(word))
}

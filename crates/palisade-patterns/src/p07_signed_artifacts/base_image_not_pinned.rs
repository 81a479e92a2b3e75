//! Base image is not pinned by its digest.

use palisade_model::{Check, CheckId, Confidence, Severity, TagKind};

use super::images::{is_run, report};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, hadolint, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 10),
        slug: "base-image-not-pinned",
        title: "base image is not pinned by its digest",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever can write to the registry of the base image decides what is in every image that is built on it",
        fix: "name the base image by its digest: `FROM name:tag@sha256:...`",
        references: &[
            "CIS Docker Benchmark 1.6: 4.2",
            "NIST SP 800-190: 4.1.5",
            "SLSA v1.0",
            "MITRE ATT&CK T1195.002",
        ],
        equivalents: &[
            checkov("CKV_DOCKER_7"),
            trivy("DS-0001"),
            hadolint("DL3006"),
            hadolint("DL3007"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for image in context.model.images.iter().filter(|image| !is_run(image)) {
        if image.reference.digest.is_some() {
            continue;
        }
        let text = &image.reference.text;
        let (what, severity) = match image.reference.tag_kind() {
            TagKind::Absent | TagKind::Flavour => (
                format!("base image `{text}` has no version"),
                Severity::High,
            ),
            TagKind::Partial(_) => (
                format!(
                    "base image `{text}` has a part of a version, which moves with each release"
                ),
                Severity::Medium,
            ),
            TagKind::Exact => (
                format!("base image `{text}` is not pinned by its digest"),
                Severity::Medium,
            ),
        };
        findings.add(
            check,
            report(image, what)
                .label(match &image.reference.tag {
                    Some(_) => "a tag can be moved",
                    None => "no tag means `latest`",
                })
                .severity(severity),
        );
    }
}

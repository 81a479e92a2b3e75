//! Image is not pinned by its digest.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::images::{is_run, report};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 1),
        slug: "image-not-pinned",
        title: "image is not pinned by its digest",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever can write to the registry puts another image under the same tag",
        fix: "name the image by its digest: `name:tag@sha256:...`",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.5.1",
            "NIST SP 800-190: 4.1.5",
            "SLSA v1.0",
            "MITRE ATT&CK T1195.002",
        ],
        equivalents: &[checkov("CKV_K8S_43"), kubescape("C-0306")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for image in context.model.images.iter().filter(|image| is_run(image)) {
        // A tag that moves with each release is PAL0702.
        if image.reference.digest.is_none() && !crate::mutable_tags::is_mutable(&image.reference) {
            let what = format!(
                "image `{}` is not pinned by its digest",
                image.reference.text
            );
            findings.add(check, report(image, what).label("a tag can be moved"));
        }
    }
}

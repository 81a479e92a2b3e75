//! Image has no tag, or one that moves with each release.

use palisade_model::{Check, CheckId, Confidence, Edge, EdgeKind, Pipeline, Severity, TagKind};

use super::images::{is_run, report};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kube_linter, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 2),
        slug: "mutable-tag",
        title: "image has no tag, or one that moves with each release",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "every start of the container may run another image than the one that was reviewed",
        fix: "name a version, and pin it by its digest",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.5.1",
            "NIST SP 800-190: 4.1.5, 4.2.2",
            "MITRE ATT&CK T1195.002",
        ],
        equivalents: &[
            checkov("CKV_K8S_14"),
            checkov("CKV_K8S_43"),
            trivy("KSV-0013"),
            kube_linter("latest-tag"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for image in context.model.images.iter().filter(|image| is_run(image)) {
        if !crate::mutable_tags::is_mutable(&image.reference) {
            continue;
        }
        let text = &image.reference.text;
        let tag = image.reference.tag.as_deref().unwrap_or_default();
        let kind = image.reference.tag_kind();
        let what = match kind {
            TagKind::Absent => format!("image `{text}` has no tag, which means `latest`"),
            TagKind::Partial(_) => format!(
                "image `{text}` has the tag `{tag}`, which names a part of a version and moves with each release"
            ),
            TagKind::Flavour | TagKind::Exact => {
                format!(
                    "image `{text}` has the tag `{tag}`, which names no version and is made to move"
                )
            }
        };
        // A build file of the same system makes it: the name may be filled in when it is deployed.
        let made = |edge: &Edge| edge.kind == EdgeKind::Builds && edge.to == image.id;
        let built = context.model.edges.iter().any(made) || has_build_folder(context, text);
        let mut report = report(image, what).label("not one image but any");
        // Some products have versions of two numbers.
        if kind == TagKind::Partial(2) {
            report = report
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
        }
        if built {
            report = report
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
        }
        findings.add(check, report);
    }
}

/// Whether a build file stands in a folder of the image's name, for a name without a registry.
fn has_build_folder(context: &Context<'_>, name: &str) -> bool {
    let folder = |pipeline: &Pipeline| {
        pipeline
            .name
            .split('/')
            .rev()
            .skip(1)
            .any(|part| part == name)
    };
    context.model.pipelines.iter().any(folder)
}

//! Image comes from a registry that is not on the allow-list.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::images::report;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, hadolint, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 3),
        slug: "registry-not-allowed",
        title: "image comes from a registry that is not on the allow-list",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "images that nobody vets run in the system",
        fix: "pull from an allowed registry, or add the registry to `allowed_registries` after review",
        references: &[
            "CIS Docker Benchmark 1.6: 4.2",
            "NIST SP 800-190: 4.1.5",
            "MITRE ATT&CK T1195.002",
        ],
        equivalents: &[
            trivy("KSV-0125"),
            kubescape("C-0001"),
            kubescape("C-0078"),
            hadolint("DL3026"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    if context.allowed_registries.is_empty() {
        return;
    }
    for image in &context.model.images {
        let reference = &image.reference;
        let full = format!("{}/{}", reference.registry, reference.repository);
        let allowed = context.allowed_registries.iter().any(|allowed| {
            let allowed = allowed.trim_end_matches('/');
            full.strip_prefix(allowed)
                .is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
        });
        if !allowed {
            let what = format!(
                "image `{}` comes from `{}`, which is not on the allow-list",
                reference.text, reference.registry
            );
            findings.add(check, report(image, what).label("not an allowed registry"));
        }
    }
}

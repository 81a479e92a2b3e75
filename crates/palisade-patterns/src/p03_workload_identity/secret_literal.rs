//! Secret stands in a manifest or build file.

use palisade_model::{Check, CheckId, Confidence, SecretKind, Severity};

use super::literals::{Place, literals};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, hadolint, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 5),
        slug: "secret-literal",
        title: "secret stands in a manifest or build file",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "everybody who can read the repository, the object in the cluster or the layers of the image has the secret",
        fix: "revoke the secret, keep the new one in a secret store, and mount it as a file",
        references: &[
            "CIS Docker Benchmark 1.6: 4.10",
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
        ],
        equivalents: &[
            checkov("CKV_SECRET_6"),
            trivy("DS-0031"),
            kubescape("C-0012"),
            kube_linter("env-var-secret"),
            hadolint("DL3064"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let wanted = |place: Place| matches!(place, Place::Environment | Place::BuildFile);
    for literal in literals(context).filter(|literal| wanted(literal.place)) {
        if literal.kind == SecretKind::CloudKey {
            continue;
        }
        let message = format!("{} holds a {}", literal.named, literal.kind_words());
        let mut report = Report::new(&literal.subject, literal.origin, literal.content, message)
            .part(literal.part)
            .label("written out in the code");
        if literal.kind == SecretKind::Opaque {
            report = report.confidence(Confidence::Medium);
        }
        findings.add(check, report);
    }
}

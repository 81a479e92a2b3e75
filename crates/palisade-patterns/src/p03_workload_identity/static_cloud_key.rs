//! Access key of a cloud account stands in the code.

use palisade_model::{Check, CheckId, Confidence, SecretKind, Severity};

use super::literals::literals;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 4),
        slug: "static-cloud-key",
        title: "access key of a cloud account stands in the code",
        severity: Severity::Critical,
        confidence: Confidence::High,
        lets: "everybody who can read the repository, the manifest or the image acts in the cloud account until somebody notices",
        fix: "revoke the key, and let the service account take a cloud role through federation",
        references: &[
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
            "MITRE ATT&CK T1078.004",
        ],
        equivalents: &[checkov("CKV_SECRET_2"), kubescape("C-0012")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for literal in literals(context).filter(|literal| literal.kind == SecretKind::CloudKey) {
        let message = format!("{} holds the access key of a cloud account", literal.named);
        let report = Report::new(&literal.subject, literal.origin, literal.content, message)
            .part(literal.part)
            .label("a key that does not expire");
        findings.add(check, report);
    }
}

//! Secret object with its values is in the code.

use palisade_model::{Check, CheckId, Confidence, Secret, SecretKind, Severity};

use super::secret_objects::committed;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 11),
        slug: "secret-committed",
        title: "Secret object with its values is in the code",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "everybody who can read the repository has the secret; base64 is no encryption",
        fix: "revoke the secret and commit a sealed, encrypted or external secret in its place",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.4.2",
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
        ],
        equivalents: &[checkov("CKV_SECRET_6"), kubescape("C-0012")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let wanted = |secret: &&Secret| {
        matches!(
            secret.kind,
            SecretKind::Password
                | SecretKind::Token
                | SecretKind::ConnectionString
                | SecretKind::Opaque
        )
    };
    for secret in committed(context).filter(wanted) {
        let message = format!("secret `{}` is committed with its values", secret.name);
        let place = secret
            .keys
            .first()
            .map_or(&secret.origin, |key| &key.origin);
        let report = Report::new(&secret.id, place, &secret.content, message);
        findings.add(check, report.label("the value stands here"));
    }
}

//! Credentials of an image registry are in the code.

use palisade_model::{Check, CheckId, Confidence, Secret, SecretKind, Severity};

use super::secret_objects::committed;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 12),
        slug: "registry-credentials-committed",
        title: "credentials of an image registry are in the code",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "everybody who can read the repository pulls private images, and often pushes changed ones",
        fix: "revoke the credentials and let nodes or service accounts pull with an identity of their own",
        references: &[
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
            "MITRE ATT&CK T1525",
        ],
        equivalents: &[kubescape("C-0012")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let wanted = |secret: &&Secret| secret.kind == SecretKind::RegistryCredential;
    for secret in committed(context).filter(wanted) {
        let message = format!(
            "secret `{}` holds the credentials of an image registry",
            secret.name
        );
        let place = secret
            .keys
            .first()
            .map_or(&secret.origin, |key| &key.origin);
        let report = Report::new(&secret.id, place, &secret.content, message);
        findings.add(check, report.label("written out here"));
    }
}

//! Private key is in the code.

use palisade_model::{Check, CheckId, Confidence, Secret, SecretKind, Severity};

use super::secret_objects::committed;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 13),
        slug: "private-key-committed",
        title: "private key is in the code",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "everybody who can read the repository can pose as the server or person that the key belongs to",
        fix: "replace the key pair, and let a certificate manager issue the next one in the cluster",
        references: &["NIST SP 800-190: 4.1.4", "MITRE ATT&CK T1552.004"],
        equivalents: &[checkov("CKV_SECRET_13"), kubescape("C-0012")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let wanted =
        |secret: &&Secret| matches!(secret.kind, SecretKind::PrivateKey | SecretKind::TlsKeyPair);
    for secret in committed(context).filter(wanted) {
        let message = format!("secret `{}` holds a private key", secret.name);
        let place = secret
            .keys
            .first()
            .map_or(&secret.origin, |key| &key.origin);
        let report = Report::new(&secret.id, place, &secret.content, message);
        findings.add(check, report.label("written out here"));
    }
}

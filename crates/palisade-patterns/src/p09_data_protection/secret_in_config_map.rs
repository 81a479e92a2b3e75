//! ConfigMap holds a secret.

use palisade_model::{Check, CheckId, Confidence, SecretKind, Severity};

use crate::config_view::config_id;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 7),
        slug: "secret-in-config-map",
        title: "ConfigMap holds a secret",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "everybody who may read configuration has the secret, and it is in the repository",
        fix: "revoke the secret, keep the new one in a secret store, and mount it as a file",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.4.1",
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
        ],
        equivalents: &[trivy("KSV-0109"), trivy("KSV-01010"), kubescape("C-0012")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for config in &context.model.config {
        for (key, kind) in &config.secrets {
            // The key of a cloud account is PAL0304, wherever it stands.
            if *kind == SecretKind::CloudKey {
                continue;
            }
            let message = format!(
                "key `{}` of config map `{}` holds a secret",
                key.value, config.name
            );
            let mut report = Report::new(&config_id(config), &key.origin, &config.content, message)
                .part(key.value.as_str())
                .label("configuration is no place for it");
            if *kind == SecretKind::Opaque {
                report = report.confidence(Confidence::Medium);
            }
            findings.add(check, report);
        }
    }
}

//! Service-account token never expires.

use palisade_model::{Check, CheckId, Confidence, SecretKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 7),
        slug: "non-expiring-token",
        title: "service-account token never expires",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever copies the token once is that service account for ever",
        fix: "delete the Secret and use projected tokens, or `kubectl create token` with a duration",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
            "MITRE ATT&CK T1528",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for secret in &context.model.secrets {
        if secret.kind != SecretKind::ServiceAccountToken {
            continue;
        }
        let message = match &secret.service_account {
            Some(account) => format!(
                "secret `{}` is a token of `{account}` that never expires",
                secret.name
            ),
            None => format!(
                "secret `{}` is a service-account token that never expires",
                secret.name
            ),
        };
        let report = Report::new(&secret.id, &secret.origin, &secret.content, message);
        findings.add(check, report.label("no end"));
    }
}

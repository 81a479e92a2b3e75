//! Client TLS that verifies no certificate.

use palisade_model::{Check, CheckId, Confidence, Fact, Severity, TlsMode, TrafficTls};

use super::modes::client_settings;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 10),
        slug: "server-certificate-not-verified",
        title: "client TLS that verifies no certificate",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever is on the way answers with a certificate of his own and reads everything",
        fix: "remove `insecureSkipVerify` and say with `caCertificates` or `credentialName` what to trust",
        references: &["NIST SP 800-52r2: 4.5", "MITRE ATT&CK T1557"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for setting in client_settings(context.model) {
        let Some((severity, confidence, words)) = trust(setting.tls) else {
            continue;
        };
        let (control, tls) = (setting.control, setting.tls);
        let message = format!(
            "rule `{}` {words} of `{}`",
            control.id.name(),
            setting.rule.host
        );
        let report = Report::new(&control.id, &tls.origin, &control.content, message)
            .part(setting.part)
            .severity(severity)
            .confidence(confidence)
            .label("any certificate will do");
        findings.add(check, report);
    }
}

fn trust(tls: &Fact<TrafficTls>) -> Option<(Severity, Confidence, &'static str)> {
    let own = matches!(tls.value.mode, TlsMode::Simple | TlsMode::Mutual);
    match (tls.value.skip_verify, own && !tls.value.verifies) {
        (true, _) => Some((
            Severity::High,
            Confidence::High,
            "skips the verification of the certificate",
        )),
        // Newer meshes then trust the system's authorities; older ones trust anybody.
        (false, true) => Some((
            Severity::Low,
            Confidence::Low,
            "does not say what to trust for the certificate",
        )),
        (false, false) => None,
    }
}

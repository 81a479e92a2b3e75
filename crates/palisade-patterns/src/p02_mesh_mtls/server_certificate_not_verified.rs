//! Client TLS that verifies no certificate.

use palisade_model::{
    Check, CheckId, Confidence, ControlKind, Fact, Severity, TlsMode, TrafficTls,
};

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
    for control in context.model.active_controls() {
        let ControlKind::DestinationRule(rule) = &control.kind else {
            continue;
        };
        let whole = rule.tls.iter().map(|tls| (String::new(), tls));
        let ports = rule
            .ports
            .iter()
            .map(|(port, tls)| (format!("port {port}"), tls));
        let subsets = rule
            .subsets
            .iter()
            .map(|(name, tls)| (format!("subset {name}"), tls));
        for (part, tls) in whole.chain(ports).chain(subsets) {
            let Some((severity, confidence, words)) = trust(tls) else {
                continue;
            };
            let message = format!("rule `{}` {words} of `{}`", control.id.name(), rule.host);
            let report = Report::new(&control.id, &tls.origin, &control.content, message)
                .part(part)
                .severity(severity)
                .confidence(confidence)
                .label("any certificate will do");
            findings.add(check, report);
        }
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

//! Entry point that accepts TLS older than 1.2.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 7),
        slug: "old-tls-version",
        title: "entry point that accepts TLS older than 1.2",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "an attacker on the way talks both sides down to a version with known breaks",
        fix: "set the lowest version to TLS 1.2 or 1.3",
        references: &["NIST SP 800-52r2: 3.1", "RFC 8996", "MITRE ATT&CK T1557"],
        equivalents: &[],
    },
    run,
};

/// Versions that RFC 8996 withdraws, as gateways spell them.
const OLD: [&str; 8] = [
    "TLSV1_0", "TLSV1_1", "TLS1.0", "TLS1.1", "1.0", "1.1", "SSLV3", "TLSV1",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        for listener in &entry.listeners {
            let Some(version) = &listener.tls_min_version else {
                continue;
            };
            let written = version.value.to_ascii_uppercase();
            if !OLD.contains(&written.as_str()) {
                continue;
            }
            let port = listener
                .port
                .map_or_else(String::new, |port| format!("port {port}"));
            let message = format!(
                "entry point `{}` accepts `{}`, which is older than TLS 1.2",
                entry.id.name(),
                version.value
            );
            let mut report = Report::new(&entry.id, &version.origin, &entry.content, message)
                .part(port)
                .label("the lowest version");
            if written == "TLSV1_0" || written == "TLSV1_1" {
                report = report.replacing(&version.origin, "TLSV1_2");
            }
            findings.add(check, report);
        }
    }
}

//! Entry point that serves plain HTTP.

use palisade_model::{Check, CheckId, Confidence, EntryKind, Listener, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 2),
        slug: "plain-http-entry-point",
        title: "entry point that serves plain HTTP",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever is on the way reads and changes requests, session cookies and tokens included",
        fix: "add TLS to the door and only redirect plain requests",
        references: &[
            "NIST SP 800-52r2: 3.1",
            "MITRE ATT&CK T1040",
            "MITRE ATT&CK T1557",
        ],
        equivalents: &[kubescape("C-0263")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        let speaks_http = matches!(
            entry.kind,
            EntryKind::Ingress | EntryKind::Gateway | EntryKind::IstioGateway | EntryKind::Route
        );
        let Some(listener) = entry.listeners.iter().find(|listener| is_plain(listener)) else {
            continue;
        };
        if !speaks_http {
            continue;
        }
        let hosts = match listener.hosts.first() {
            Some(host) => format!(" for `{host}`"),
            None => String::new(),
        };
        let message = format!("entry point `{}` serves plain HTTP{hosts}", entry.id.name());
        let severity = if entry.internal {
            Severity::Medium
        } else {
            Severity::High
        };
        let report = Report::new(&entry.id, &listener.origin, &entry.content, message)
            .severity(severity)
            .label("no TLS here");
        findings.add(check, report);
    }
}

fn is_plain(listener: &Listener) -> bool {
    let http = ["HTTP", "HTTP2", "GRPC"]
        .iter()
        .any(|known| listener.protocol.eq_ignore_ascii_case(known));
    http && listener.tls.is_none() && !listener.redirects_to_tls
}

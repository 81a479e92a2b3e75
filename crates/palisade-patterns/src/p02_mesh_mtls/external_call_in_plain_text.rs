//! External service that is called in plain text.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Model, Severity, TlsMode};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 9),
        slug: "external-call-in-plain-text",
        title: "external service that is called in plain text",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "whoever is on the way reads and changes the requests and answers",
        fix: "call port 443 with protocol TLS or HTTPS, or let a DestinationRule start TLS for the host",
        references: &[
            "NIST SP 800-204: MS-SS-4",
            "MITRE ATT&CK T1040",
            "MITRE ATT&CK T1557",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::ServiceEntry(entry) = &control.kind else {
            continue;
        };
        if !entry.external
            || entry
                .hosts
                .iter()
                .any(|host| starts_tls(context.model, host))
        {
            continue;
        }
        let plain = |protocol: &str| {
            let protocol = protocol.to_ascii_uppercase();
            ["HTTP", "HTTP2", "GRPC"].contains(&protocol.as_str())
        };
        let Some((port, protocol)) = entry.ports.iter().find(|(_, written)| plain(written)) else {
            continue;
        };
        let host = entry.hosts.first().map_or("", String::as_str);
        let message = format!(
            "service entry `{}` lets workloads call `{host}` in plain text ({protocol} on port {port})",
            control.id.name()
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("the call leaves the cluster unencrypted");
        findings.add(check, report);
    }
}

fn starts_tls(model: &Model, host: &str) -> bool {
    model.active_controls().any(|control| match &control.kind {
        ControlKind::DestinationRule(rule) => {
            let settings = rule.tls.iter().chain(rule.ports.iter().map(|(_, tls)| tls));
            rule.host == host
                && settings
                    .into_iter()
                    .any(|tls| tls.value.mode != TlsMode::Disable)
        }
        _ => false,
    })
}

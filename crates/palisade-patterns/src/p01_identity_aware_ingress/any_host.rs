//! Entry point for any host name.

use palisade_model::{Check, CheckId, Confidence, EntryKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 9),
        slug: "any-host",
        title: "entry point for any host name",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "requests with forged host names reach the workload, and another namespace's routes can be taken over",
        fix: "name the hosts that the entry point is for",
        references: &[
            "OWASP WSTG 4.2: Host header injection",
            "MITRE ATT&CK T1190",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        let gateway = matches!(entry.kind, EntryKind::Gateway | EntryKind::IstioGateway);
        let place = if gateway {
            let any = |hosts: &[String]| {
                hosts.is_empty() || hosts.iter().any(|host| host == "*" || host.ends_with("/*"))
            };
            let listener = entry.listeners.iter().find(|listener| any(&listener.hosts));
            listener.map(|listener| &listener.origin)
        } else if entry.kind == EntryKind::Ingress {
            let backend = entry
                .backends
                .iter()
                .find(|backend| backend.hosts.is_empty());
            backend.map(|backend| &backend.origin)
        } else {
            None
        };
        let Some(place) = place else { continue };
        let message = format!(
            "entry point `{}` answers for any host name",
            entry.id.name()
        );
        let report =
            Report::new(&entry.id, place, &entry.content, message).label("no host is named here");
        findings.add(check, report);
    }
}

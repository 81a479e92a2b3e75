//! `PeerAuthentication` that accepts plain text.

use std::collections::BTreeSet;

use palisade_model::{
    Check, CheckId, Confidence, Control, ControlKind, EdgeKind, MtlsMode, NodeId, Origin, Severity,
};

use super::modes::{PlainClient, plain_clients};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 2),
        slug: "plain-text-accepted",
        title: "PeerAuthentication that accepts plain text",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "a pod without any identity reads and forges calls to the workloads",
        fix: "set the mode to STRICT once every caller is in the mesh",
        references: &[
            "NIST SP 800-204B: service-to-service authentication",
            "NIST SP 800-207A",
            "MITRE ATT&CK T1040",
            "MITRE ATT&CK T1557",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::PeerAuthentication(policy) = &control.kind else {
            continue;
        };
        let whole = policy.mode.iter().map(|mode| (String::new(), mode));
        let ports = policy
            .ports
            .iter()
            .map(|(port, mode)| (format!("port {port}"), mode));
        for (part, mode) in whole.chain(ports) {
            let words = match mode.value {
                MtlsMode::Permissive => "accepts plain text beside mutual TLS (`PERMISSIVE`)",
                MtlsMode::Disable => "turns mutual TLS off (`DISABLE`)",
                MtlsMode::Strict | MtlsMode::Unset => continue,
            };
            let place = if part.is_empty() {
                String::new()
            } else {
                format!(" on {part}")
            };
            let message = format!("policy `{}` {words}{place}", control.id.name());
            let report = Report::new(&control.id, &mode.origin, &control.content, message)
                .part(part)
                .label("callers need no identity");
            findings.add(check, strict(context, control, report, &mode.origin));
        }
    }
}

/// Adds the edit, with those of clients that a strict policy would refuse; none where a client has
/// settings of its own that nobody but its owner can judge.
fn strict(context: &Context<'_>, control: &Control, report: Report, mode: &Origin) -> Report {
    let guarded: BTreeSet<&NodeId> = context
        .model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Guards && edge.from == control.id)
        .map(|edge| &edge.to)
        .collect();
    let clients: Vec<PlainClient<'_>> = plain_clients(context.model)
        .into_iter()
        .filter(|client| {
            client
                .destinations
                .iter()
                .any(|to| guarded.contains(&to.id))
        })
        .collect();
    if !clients.iter().all(PlainClient::can_be_mended) {
        return report;
    }
    let report = report.replacing(mode, "STRICT");
    clients
        .iter()
        .fold(report, |report, client| client.mended(report))
}

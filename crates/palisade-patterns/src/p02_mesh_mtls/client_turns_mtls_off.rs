//! `DestinationRule` that turns the mesh's mutual TLS off.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::modes::{accepts_plain_text, plain_clients};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 3),
        slug: "client-turns-mtls-off",
        title: "DestinationRule that turns the mesh's mutual TLS off",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "calls to the workload cross the network without the caller's identity, readable where the mode is DISABLE",
        fix: "remove the `tls` block, so that the mesh chooses, or set ISTIO_MUTUAL",
        references: &[
            "NIST SP 800-204B: 4.1",
            "MITRE ATT&CK T1040",
            "MITRE ATT&CK T1557",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for plain in plain_clients(model) {
        let Some(workload) = plain
            .destinations
            .iter()
            .find(|known| accepts_plain_text(context, known))
        else {
            continue;
        };
        let message = format!(
            "rule `{}` {} for calls to `{}`, which is in the mesh",
            plain.control.id.name(),
            plain.words,
            workload.name
        );
        let report = Report::new(
            &plain.control.id,
            &plain.tls.origin,
            &plain.control.content,
            message,
        )
        .part(plain.part.as_str())
        .label("clients do not use the mesh's certificates")
        .related(&workload.origin, "this workload could use mutual TLS");
        findings.add(check, plain.mended(report));
    }
}

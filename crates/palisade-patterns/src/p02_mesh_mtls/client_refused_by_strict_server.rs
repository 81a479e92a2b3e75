//! `DestinationRule` without mutual TLS to a server that requires it.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::modes::{accepts_plain_text, plain_clients};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 6),
        slug: "client-refused-by-strict-server",
        title: "DestinationRule without mutual TLS to a server that requires it",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "every call fails, and the quick repair for the outage is usually to make the server permissive",
        fix: "remove the `tls` block, so that the mesh chooses, or set ISTIO_MUTUAL",
        references: &["NIST SP 800-204B: 4.1", "Istio: TLS configuration mistakes"],
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
            .find(|known| !accepts_plain_text(context, known))
        else {
            continue;
        };
        let message = format!(
            "rule `{}` {} for calls to `{}`, which requires mutual TLS",
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
        .related(&workload.origin, "this workload refuses such clients");
        findings.add(check, plain.mended(report));
    }
}

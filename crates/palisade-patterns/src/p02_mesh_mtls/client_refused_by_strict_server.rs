//! `DestinationRule` without mutual TLS to a server that requires it.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::modes::{PlainServer, report_plain_clients};
use crate::context::Context;
use crate::finding::Findings;
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
        references: &[
            "NIST SP 800-204B: service-to-service authentication",
            "Istio: TLS configuration mistakes",
        ],
        equivalents: &[],
    },
    run,
};

const SERVER: PlainServer = PlainServer {
    accepts: false,
    words: "requires mutual TLS",
    note: "this workload refuses such clients",
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    report_plain_clients(check, context, SERVER, findings);
}

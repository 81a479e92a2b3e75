//! `DestinationRule` that turns the mesh's mutual TLS off.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::modes::{PlainServer, report_plain_clients};
use crate::context::Context;
use crate::finding::Findings;
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
            "NIST SP 800-204B: service-to-service authentication",
            "MITRE ATT&CK T1040",
            "MITRE ATT&CK T1557",
        ],
        equivalents: &[],
    },
    run,
};

const SERVER: PlainServer = PlainServer {
    accepts: true,
    words: "is in the mesh",
    note: "this workload could use mutual TLS",
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    report_plain_clients(check, context, SERVER, findings);
}

//! HTTP condition of an ALLOW policy on a TCP port.

use palisade_model::{AuthorizationAction, Check, CheckId, Confidence, Severity};

use super::mesh_rules::report_http_on_tcp;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 14),
        slug: "http-allow-on-tcp-port",
        title: "HTTP condition of an ALLOW policy on a TCP port",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "the rule allows nothing, and the quick repair for the outage is usually a rule without conditions",
        fix: "match on `ports`, `principals` and `namespaces` only, or name the service port `http-…` if it speaks HTTP",
        references: &[
            "Istio: Security policies on TCP traffic",
            "NIST SP 800-204B: authorization policies",
        ],
        equivalents: &[],
    },
    run,
};

const WHAT: (AuthorizationAction, &str, &str) =
    (AuthorizationAction::Allow, "ALLOW", "allows nothing");

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    report_http_on_tcp(check, context, WHAT, findings);
}

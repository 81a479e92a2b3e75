//! Namespace without default-deny egress.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::isolation::{Direction, report_open};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 2),
        slug: "namespace-without-default-deny-egress",
        title: "namespace without default-deny egress",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "a compromised workload can send data to any address and fetch tools from it",
        fix: "add a NetworkPolicy to the namespace with an empty podSelector and policyTypes [Egress], then allow the flows that are needed",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.3.2",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
            "MITRE ATT&CK T1041",
        ],
        equivalents: &[kubescape("C-0030")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    report_open(check, context, Direction::Egress, findings);
}

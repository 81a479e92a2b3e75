//! Namespace without default-deny ingress.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::isolation::{Direction, report_open};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 1),
        slug: "namespace-without-default-deny-ingress",
        title: "namespace without default-deny ingress",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "one compromised pod anywhere in the cluster can connect to these workloads",
        fix: "add a NetworkPolicy to the namespace with an empty podSelector and policyTypes [Ingress], then allow the flows that are needed",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.3.2",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
            "MITRE ATT&CK T1210",
        ],
        equivalents: &[
            checkov("CKV2_K8S_6"),
            kubescape("C-0260"),
            kubescape("C-0030"),
            kubescape("C-0054"),
            kubescape("C-0206"),
            kube_linter("non-isolated-pod"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    report_open(check, context, Direction::Ingress, findings);
}

//! Namespace without default-deny ingress.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::isolation::{Direction, open_namespaces};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};
use crate::selection::counted;

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
            trivy("KSV-0038"),
            kubescape("C-0260"),
            kube_linter("non-isolated-pod"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for open in open_namespaces(context, Direction::Ingress) {
        let all = counted(open.workloads, "workload");
        let message = format!(
            "namespace `{}` has no default-deny policy for ingress: {} of {all} {} connections from every pod",
            open.zone.name,
            open.exposed.len(),
            if open.exposed.len() == 1 {
                "accepts"
            } else {
                "accept"
            },
        );
        let mut report = Report::new(
            &open.zone.id,
            &open.zone.origin,
            &open.zone.content,
            message,
        )
        .label("no policy here selects every pod");
        for workload in open.exposed.iter().take(3) {
            report = report.related(&workload.origin, "not isolated for ingress");
        }
        findings.add(check, report);
    }
}

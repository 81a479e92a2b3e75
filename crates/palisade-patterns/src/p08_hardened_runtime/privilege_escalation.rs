//! Container may gain more rights than it started with.

use palisade_model::{AddedValue, Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 5),
        slug: "privilege-escalation",
        title: "container may gain more rights than it started with",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a set-user-id program in the image turns any user into root",
        fix: "set `allowPrivilegeEscalation: false`",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.6",
            "Pod Security Standards: restricted",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "MITRE ATT&CK T1548.001",
        ],
        equivalents: &[
            checkov("CKV_K8S_20"),
            checkov("CKV_K8S_30"),
            trivy("KSV-0001"),
            trivy("KSV-0118"),
            kubescape("C-0016"),
            kubescape("C-0211"),
            kube_linter("privilege-escalation-container"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    match &view.container.security.allow_privilege_escalation {
        Some(fact) if !fact.value => None,
        Some(fact) => Some(
            view.report_at(&fact.origin, "may gain more rights than it started with")
                .label("allowed here")
                .replacing(&fact.origin, "false"),
        ),
        None => Some(
            view.report("may gain more rights than it started with")
                .label("allowed unless `allowPrivilegeEscalation` is false")
                .adding(
                    &view.container.origin,
                    &["securityContext", "allowPrivilegeEscalation"],
                    AddedValue::Bool(false),
                ),
        ),
    }
}

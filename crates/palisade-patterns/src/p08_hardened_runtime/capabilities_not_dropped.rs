//! Container keeps the default capabilities.

use palisade_model::{AddedValue, Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 6),
        slug: "capabilities-not-dropped",
        title: "container keeps the default capabilities",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a process that runs as root can forge packets, change owners of files and make device nodes",
        fix: "drop `ALL` capabilities and add back only what is needed",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.8, 5.2.10",
            "Pod Security Standards: restricted",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
        ],
        equivalents: &[
            checkov("CKV_K8S_28"),
            checkov("CKV_K8S_37"),
            checkov("CKV_K8S_30"),
            trivy("KSV-0003"),
            trivy("KSV-0004"),
            trivy("KSV-0106"),
            trivy("KSV-0118"),
            kubescape("C-0211"),
            kube_linter("drop-net-raw-capability"),
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
    if view.drops_all() {
        return None;
    }
    let dropping = |report: Report| {
        report.adding(
            &view.container.origin,
            &["securityContext", "capabilities", "drop"],
            AddedValue::Words(&["ALL"]),
        )
    };
    let Some(first) = view.container.security.capabilities.drop.first() else {
        let report = view.report("keeps every default capability");
        return Some(dropping(report.label("nothing is dropped")));
    };
    let report = view.report_at(&first.origin, "drops some capabilities but not all");
    Some(dropping(
        report.label("the others are kept").severity(Severity::Low),
    ))
}

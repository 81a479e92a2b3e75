//! Container has no seccomp profile.

use palisade_model::{AddedValue, Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 8),
        slug: "no-seccomp-profile",
        title: "container has no seccomp profile",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "every system call of the kernel can be tried for a way out of the container",
        fix: "set `seccompProfile` of type `RuntimeDefault` on the pod",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.7.2",
            "Pod Security Standards: restricted",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "NIST SP 800-190: 4.4.3",
        ],
        equivalents: &[
            checkov("CKV_K8S_31"),
            checkov("CKV_K8S_29"),
            checkov("CKV_K8S_30"),
            trivy("KSV-0030"),
            trivy("KSV-0118"),
            kubescape("C-0210"),
            kubescape("C-0211"),
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
    if view.seccomp().is_some() {
        return None;
    }
    Some(
        view.report("has no seccomp profile")
            .label("system calls are not filtered")
            .adding(
                &view.container.origin,
                &["securityContext", "seccompProfile", "type"],
                AddedValue::Word("RuntimeDefault"),
            ),
    )
}

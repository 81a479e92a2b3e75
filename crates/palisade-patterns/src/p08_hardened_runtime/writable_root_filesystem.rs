//! Container can write its own root filesystem.

use palisade_model::{AddedValue, Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 7),
        slug: "writable-root-filesystem",
        title: "container can write its own root filesystem",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "an attacker changes programs and keeps tools in the running container",
        fix: "set `readOnlyRootFilesystem: true` and mount an `emptyDir` where the program must write",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "NIST SP 800-190: 4.4.3",
        ],
        equivalents: &[
            checkov("CKV_K8S_22"),
            checkov("CKV_K8S_30"),
            trivy("KSV-0014"),
            trivy("KSV-0118"),
            kubescape("C-0017"),
            kubescape("C-0211"),
            kube_linter("no-read-only-root-fs"),
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
    match &view.container.security.read_only_root_filesystem {
        Some(fact) if fact.value => None,
        Some(fact) => Some(
            view.report_at(&fact.origin, "can write its root filesystem")
                .label("writable")
                .replacing(&fact.origin, "true"),
        ),
        None => Some(
            view.report("can write its root filesystem")
                .label("writable unless `readOnlyRootFilesystem` is true")
                .adding(
                    &view.container.origin,
                    &["securityContext", "readOnlyRootFilesystem"],
                    AddedValue::Bool(true),
                ),
        ),
    }
}

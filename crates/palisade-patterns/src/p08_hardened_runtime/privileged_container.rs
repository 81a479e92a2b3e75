//! Container runs privileged.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 1),
        slug: "privileged-container",
        title: "container runs privileged",
        severity: Severity::Critical,
        confidence: Confidence::High,
        lets: "whoever gets code execution in the container owns the node: all devices, all capabilities, no confinement",
        fix: "remove `privileged: true` and add only the capability or device that is needed",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.2",
            "Pod Security Standards: baseline",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "NIST SP 800-190: 4.4.3",
            "MITRE ATT&CK T1611",
        ],
        equivalents: &[
            checkov("CKV_K8S_16"),
            trivy("KSV-0017"),
            kubescape("C-0057"),
            kube_linter("privileged-container"),
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
    let privileged = view.container.security.privileged.as_ref()?;
    privileged.value.then(|| {
        view.report_at(&privileged.origin, "runs privileged")
            .label("every right of the node")
            .replacing(&privileged.origin, "false")
    })
}

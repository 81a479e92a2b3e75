//! Container has no resource limits.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 9),
        slug: "no-resource-limits",
        title: "container has no resource limits",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "one container that is flooded or taken over starves everything else on its node",
        fix: "set `resources.limits` for memory and cpu",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "NIST SP 800-190: 4.4.3",
            "MITRE ATT&CK T1496",
        ],
        equivalents: &[
            checkov("CKV_K8S_11"),
            checkov("CKV_K8S_13"),
            trivy("KSV-0011"),
            trivy("KSV-0018"),
            kubescape("C-0270"),
            kubescape("C-0271"),
            kubescape("C-0004"),
            kubescape("C-0009"),
            kubescape("C-0050"),
            kube_linter("unset-memory-requirements"),
            kube_linter("unset-cpu-requirements"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context).filter(ContainerView::is_scheduled) {
        if !has_defaults(context, &view.workload.namespace)
            && let Some(report) = judge(view)
        {
            findings.add(check, report);
        }
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let limits = &view.container.limits.amounts;
    let (what, severity) = match (limits.contains_key("memory"), limits.contains_key("cpu")) {
        (true, true) => return None,
        (true, false) => ("has no cpu limit", Severity::Low),
        (false, true) => ("has no memory limit", Severity::Medium),
        (false, false) => ("has no memory and no cpu limit", Severity::Medium),
    };
    // An init container is over before the rest starts.
    let severity = if view.is_long_lived() {
        severity
    } else {
        Severity::Low
    };
    Some(
        view.report(what)
            .label("may use all of its node")
            .severity(severity),
    )
}

/// Whether a LimitRange of the namespace fills limits in.
fn has_defaults(context: &Context<'_>, namespace: &str) -> bool {
    context
        .analysis
        .controls_in(namespace)
        .iter()
        .any(|control| {
            matches!(
                control.kind,
                ControlKind::LimitRange {
                    defaults_limits: true
                }
            )
        })
}

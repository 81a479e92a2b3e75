//! Container has no health probe.

use palisade_model::{Check, CheckId, Confidence, ContainerRole, Severity};

use crate::container_view::{ContainerView, containers, stays};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 19),
        slug: "no-health-probe",
        title: "container has no health probe",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "a container that hangs or was tampered with stays in service",
        fix: "add a `livenessProbe` and, where it serves requests, a `readinessProbe`",
        references: &["Kubernetes: Configure liveness, readiness and startup probes"],
        equivalents: &[
            checkov("CKV_K8S_8"),
            checkov("CKV_K8S_9"),
            kubescape("C-0018"),
            kubescape("C-0056"),
            kube_linter("no-liveness-probe"),
            kube_linter("no-readiness-probe"),
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
    if !stays(view.workload.kind) || view.container.role != ContainerRole::Main {
        return None;
    }
    let ready = view.container.readiness.is_some() || view.container.ports.is_empty();
    let what = match (view.container.liveness.is_some(), ready) {
        (true, true) => return None,
        (true, false) => "has no readiness probe",
        (false, true) => "has no liveness probe",
        (false, false) => "has no liveness and no readiness probe",
    };
    Some(view.report(what).label("its health is not asked for"))
}

//! Container asks for no resources.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 24),
        slug: "no-resource-requests",
        title: "container asks for no resources",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "the scheduler packs the node too full, and the pod is the first to be evicted under load",
        fix: "set `resources.requests` for memory and cpu",
        references: &["NIST SP 800-190: 4.4.3"],
        equivalents: &[
            checkov("CKV_K8S_10"),
            checkov("CKV_K8S_12"),
            trivy("KSV-0015"),
            trivy("KSV-0016"),
            kubescape("C-0268"),
            kubescape("C-0269"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context).filter(ContainerView::is_long_lived) {
        let mut controls = context
            .analysis
            .controls_in(&view.workload.namespace)
            .iter();
        let limited =
            controls.any(|control| matches!(control.kind, ControlKind::LimitRange { .. }));
        if !limited && let Some(report) = judge(view) {
            findings.add(check, report);
        }
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    // A limit without a request is the request, too.
    let asks = |name: &str| {
        let container = view.container;
        container.requests.amounts.contains_key(name) || container.limits.amounts.contains_key(name)
    };
    let what = match (asks("memory"), asks("cpu")) {
        (true, true) => return None,
        (true, false) => "requests no cpu",
        (false, true) => "requests no memory",
        (false, false) => "requests no memory and no cpu",
    };
    Some(view.report(what).label("nothing is set aside for it"))
}

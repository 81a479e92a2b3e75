//! Container runs as a host process of a Windows node.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 21),
        slug: "windows-host-process",
        title: "container runs as a host process of a Windows node",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "code in the container has the rights of the node",
        fix: "remove `windowsOptions.hostProcess`",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.11",
            "Pod Security Standards: baseline",
        ],
        equivalents: &[trivy("KSV-0103")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let fact = view.host_process().filter(|fact| fact.value)?;
    Some(
        view.report_at(&fact.origin, "runs as a host process of its Windows node")
            .label("not isolated"),
    )
}

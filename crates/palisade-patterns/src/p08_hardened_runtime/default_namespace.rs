//! Workloads are in the namespace `default`.

use palisade_model::{Check, CheckId, Confidence, NodeId, NodeKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 25),
        slug: "default-namespace",
        title: "workloads are in the namespace `default`",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "policies, quotas and grants of the namespace hold for everything that anybody forgot to place",
        fix: "give the workloads a namespace of their own",
        references: &["CIS Kubernetes Benchmark 1.8: 5.7.1, 5.7.4"],
        equivalents: &[
            checkov("CKV_K8S_21"),
            trivy("KSV-0110"),
            kubescape("C-0061"),
            kubescape("C-0212"),
            kube_linter("use-namespace"),
        ],
    },
    run,
};

/// How many workloads are named as further places.
const SHOWN: usize = 10;

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let inside: Vec<_> = context
        .model
        .workloads
        .iter()
        .filter(|workload| workload.namespace == "default")
        .collect();
    let Some(first) = inside.first() else {
        return;
    };
    let message = match inside.len() {
        1 => format!("`{}` is in the namespace `default`", first.name),
        count => format!("{count} workloads are in the namespace `default`"),
    };
    let zone = NodeId::new(NodeKind::Zone, "namespace/default");
    let mut report =
        Report::new(&zone, &first.origin, &first.content, message).label("no namespace of its own");
    for workload in inside.iter().skip(1).take(SHOWN) {
        report = report.related(&workload.origin, format!("so is `{}`", workload.name));
    }
    findings.add(check, report);
}

//! Pod has no controller.

use palisade_model::{Check, CheckId, Confidence, Severity, WorkloadKind};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 10),
        slug: "bare-pod",
        title: "pod has no controller",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "nothing starts it again, and no change of it can be rolled back",
        fix: "use a Deployment, StatefulSet or Job",
        references: &["NIST SP 800-53r5: CM-3"],
        equivalents: &[kubescape("C-0073")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        if workload.kind == WorkloadKind::Pod {
            let message = format!("pod `{}` has no controller", workload.name);
            let report = Report::new(&workload.id, &workload.origin, &workload.content, message);
            findings.add(check, report.label("on its own"));
        }
    }
}

//! Container runs with the group 0.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::containers;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 26),
        slug: "root-group",
        title: "container runs with the group 0",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "files of the image and of volumes that belong to the group root can be changed",
        fix: "set `runAsGroup` and `fsGroup` to a group other than 0",
        references: &["NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security"],
        equivalents: &[trivy("KSV-0116"), kubescape("C-0013")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context) {
        let group = view
            .run_as_group()
            .or(view.workload.security.fs_group.as_ref());
        let owner = view.workload.security.fs_group.as_ref();
        let zero = [group, owner]
            .into_iter()
            .flatten()
            .find(|fact| fact.value == 0);
        if let Some(fact) = zero {
            let report = view.report_at(&fact.origin, "runs with the group 0");
            findings.add(check, report.label("the group root"));
        }
    }
}

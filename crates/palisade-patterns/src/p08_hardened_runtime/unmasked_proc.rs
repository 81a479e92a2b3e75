//! Container sees the unmasked `/proc`.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 14),
        slug: "unmasked-proc",
        title: "container sees the unmasked `/proc`",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "kernel settings under `/proc` can be read and changed from the container",
        fix: "remove `procMount`, or set it to `Default`",
        references: &["Pod Security Standards: baseline", "MITRE ATT&CK T1611"],
        equivalents: &[trivy("KSV-0027"), kube_linter("unsafe-proc-mount")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let mount = view.container.security.proc_mount.as_ref()?;
    (mount.value == "Unmasked").then(|| {
        view.report_at(&mount.origin, "sees all of `/proc`")
            .label("nothing is masked")
            .replacing(&mount.origin, "Default")
    })
}

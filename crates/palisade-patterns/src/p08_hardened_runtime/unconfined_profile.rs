//! Container turns its seccomp or AppArmor profile off.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::containers;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 12),
        slug: "unconfined-profile",
        title: "container turns its seccomp or AppArmor profile off",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "every system call of the kernel can be tried for a way out of the container",
        fix: "use the profile `RuntimeDefault`, or a `Localhost` profile of your own",
        references: &[
            "Pod Security Standards: baseline",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "MITRE ATT&CK T1611",
        ],
        equivalents: &[trivy("KSV-0104"), trivy("KSV-0002"), kubescape("C-0055")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context) {
        for (name, profile) in [("seccomp", view.seccomp()), ("AppArmor", view.app_armor())] {
            let Some(fact) = profile.filter(|fact| fact.value.eq_ignore_ascii_case("unconfined"))
            else {
                continue;
            };
            let report = view
                .report_at(&fact.origin, &format!("turns its {name} profile off"))
                .part(format!("{}/{name}", view.container.name))
                .label("no confinement");
            findings.add(check, report);
        }
    }
}

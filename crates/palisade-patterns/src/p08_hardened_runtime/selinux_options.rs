//! Container chooses its own SELinux label.

use palisade_model::{Check, CheckId, Confidence, Fact, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 20),
        slug: "selinux-options",
        title: "container chooses its own SELinux label",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "with a wider label the container reaches files and processes that SELinux would keep from it",
        fix: "remove `seLinuxOptions`, or use the type `container_t`",
        references: &["Pod Security Standards: baseline"],
        equivalents: &[trivy("KSV-0025")],
    },
    run,
};

/// Types that the baseline Pod Security Standard allows.
const TYPES: [&str; 5] = [
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let wider = |fact: &&Fact<String>| !TYPES.contains(&fact.value.as_str());
    let named = |fact: &&Fact<String>| !fact.value.is_empty();
    let fact = view
        .selinux_type()
        .filter(wider)
        .or_else(|| view.selinux_user_or_role().filter(named))?;
    let what = format!("sets the SELinux label `{}`", fact.value);
    Some(
        view.report_at(&fact.origin, &what)
            .label("not one of the container types"),
    )
}

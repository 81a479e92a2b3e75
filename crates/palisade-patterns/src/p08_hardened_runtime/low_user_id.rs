//! Container runs with a user or group id that its node may use as well.

use palisade_model::{Check, CheckId, Confidence, Fact, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, trivy};

/// Below it, distributions give ids to their own users and to people.
const FIRST_FREE: i64 = 10_000;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 28),
        slug: "low-user-id",
        title: "container runs with an id that a user of the node may have",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "a process that breaks out has the files and processes of that user on the node",
        fix: "set `runAsUser` and `runAsGroup` to an id from 10000 on, or give the pod a user namespace with `hostUsers: false`",
        references: &["NIST SP 800-190: 4.4.3"],
        equivalents: &[checkov("CKV_K8S_40"), trivy("KSV-0020"), trivy("KSV-0021")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

/// Ids that the manifest does not say come from the image: PAL0804 asks for them. Id 0 is PAL0804
/// and PAL0826.
fn judge(view: ContainerView<'_>) -> Option<Report> {
    let own_ids = view.workload.security.host_users.as_ref();
    if own_ids.is_some_and(|fact| !fact.value) {
        return None;
    }
    let low = |fact: &&Fact<i64>| (1..FIRST_FREE).contains(&fact.value);
    let user = view.run_as_user().filter(low).map(|fact| ("user", fact));
    let group = || view.run_as_group().filter(low).map(|fact| ("group", fact));
    let (kind, fact) = user.or_else(group)?;
    let what = format!("runs with the {kind} id {}", fact.value);
    Some(
        view.report_at(&fact.origin, &what)
            .label("may belong to somebody on the node"),
    )
}

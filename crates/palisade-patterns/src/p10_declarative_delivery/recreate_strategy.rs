//! Update takes every replica down first.

use palisade_model::{Check, CheckId, Confidence, Severity, Strategy, Volume, VolumeSource};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 8),
        slug: "recreate-strategy",
        title: "update takes every replica down first",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "every update and every rollback is an outage, so that fixes wait",
        fix: "use the strategy `RollingUpdate`",
        references: &["NIST SP 800-53r5: CM-3"],
        equivalents: &[
            kubescape("C-0305"),
            kube_linter("no-rolling-update-strategy"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let strategy = workload.strategy.kind.as_ref();
        let Some(fact) = strategy.filter(|fact| fact.value == Strategy::Recreate) else {
            continue;
        };
        // A claim that one node at a time may mount leaves no other way.
        let claims = |volume: &Volume| matches!(volume.source, VolumeSource::Claim { .. });
        if workload.volumes.iter().any(claims) {
            continue;
        }
        let message = format!(
            "every update of `{}` takes all replicas down first",
            workload.name
        );
        let report = Report::new(&workload.id, &fact.origin, &workload.content, message);
        findings.add(check, report.label("an outage for each update"));
    }
}

//! No old revision is kept.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 2),
        slug: "rollback-impossible",
        title: "no old revision is kept",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a bad revision cannot be undone from what the cluster keeps, so the outage or the hole lasts longer",
        fix: "remove `revisionHistoryLimit: 0`",
        references: &["NIST SP 800-53r5: CM-3, CP-10"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let limit = workload.strategy.history_limit.as_ref();
        let Some(limit) = limit.filter(|limit| limit.value <= 0) else {
            continue;
        };
        let message = format!("`{}` keeps no old revision", workload.name);
        let report = Report::new(&workload.id, &limit.origin, &workload.content, message)
            .label("nothing to go back to")
            .replacing(&limit.origin, "10");
        findings.add(check, report);
    }
}

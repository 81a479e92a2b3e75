//! Service stands on one replica.

use palisade_model::{Check, CheckId, Confidence, Severity, WorkloadKind};

use super::behind::{has_service, least_replicas};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 6),
        slug: "single-replica",
        title: "service stands on one replica",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "taking one pod or node down takes the service down, and so does every rollback of it",
        fix: "run at least two replicas, with a PodDisruptionBudget",
        references: &["NIST SP 800-53r5: SC-5"],
        equivalents: &[kube_linter("minimum-three-replicas")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in &context.model.workloads {
        if workload.kind != WorkloadKind::Deployment || !has_service(context, workload) {
            continue;
        }
        if least_replicas(context, workload) != 1 {
            continue;
        }
        let message = format!(
            "service in front of `{}` stands on one replica",
            workload.name
        );
        let place = workload
            .replicas
            .as_ref()
            .map_or(&workload.origin, |fact| &fact.origin);
        let report = Report::new(&workload.id, place, &workload.content, message);
        findings.add(check, report.label("one copy"));
    }
}

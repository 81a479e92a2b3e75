//! Replicas have no disruption budget.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity, WorkloadKind};

use super::behind::{has_service, least_replicas};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 9),
        slug: "no-disruption-budget",
        title: "replicas have no disruption budget",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "draining nodes takes every replica down at once",
        fix: "add a PodDisruptionBudget that selects the pods",
        references: &["NIST SP 800-53r5: SC-5"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in &context.model.workloads {
        let replicated = matches!(
            workload.kind,
            WorkloadKind::Deployment | WorkloadKind::StatefulSet
        );
        if !replicated || least_replicas(context, workload) < 2 || !has_service(context, workload) {
            continue;
        }
        let mut controls = context.analysis.controls_in(&workload.namespace).iter();
        let budget = controls.any(|control| match &control.kind {
            ControlKind::DisruptionBudget { pods } => pods.matches(&workload.pod_labels),
            _ => false,
        });
        if !budget {
            let message = format!("replicas of `{}` have no disruption budget", workload.name);
            let place = workload
                .replicas
                .as_ref()
                .map_or(&workload.origin, |fact| &fact.origin);
            let report = Report::new(&workload.id, place, &workload.content, message);
            findings.add(check, report.label("all may be evicted at once"));
        }
    }
}

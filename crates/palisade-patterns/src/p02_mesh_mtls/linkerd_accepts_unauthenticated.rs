//! Linkerd policy that accepts callers without identity.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Fact, Severity, Workload};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 8),
        slug: "linkerd-accepts-unauthenticated",
        title: "Linkerd policy that accepts callers without identity",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a pod outside of the mesh calls the workload without proving who it is",
        fix: "use `all-authenticated`, `cluster-authenticated` or `deny`, and authorize the callers",
        references: &[
            "Linkerd: Authorization policy, default policies",
            "NIST SP 800-204B: service-to-service authentication",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in &context.model.workloads {
        let Some(policy) = open(workload.mesh.linkerd_inbound_policy.as_ref()) else {
            continue;
        };
        let message = format!(
            "workload `{}` accepts callers without identity (`{}`)",
            workload.id.name(),
            policy.value
        );
        findings.add(check, report_on_workload(workload, policy, message));
    }
    for control in context.model.active_controls() {
        let ControlKind::LinkerdServer(server) = &control.kind else {
            continue;
        };
        let Some(policy) = open(server.access_policy.as_ref()) else {
            continue;
        };
        let message = format!(
            "server `{}` accepts callers without identity (`{}`)",
            control.id.name(),
            policy.value
        );
        let report = Report::new(&control.id, &policy.origin, &control.content, message)
            .label("no identity is asked for")
            .replacing(&policy.origin, "all-authenticated");
        findings.add(check, report);
    }
}

fn report_on_workload(workload: &Workload, policy: &Fact<String>, message: String) -> Report {
    Report::new(&workload.id, &policy.origin, &workload.content, message)
        .label("no identity is asked for")
        .replacing(&policy.origin, "all-authenticated")
}

fn open(policy: Option<&Fact<String>>) -> Option<&Fact<String>> {
    policy.filter(|fact| fact.value.ends_with("-unauthenticated"))
}

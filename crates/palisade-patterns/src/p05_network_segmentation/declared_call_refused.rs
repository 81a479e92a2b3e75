//! Declared call that network policies refuse.

use palisade_model::{Check, CheckId, Confidence, EdgeKind, FlowState, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 16),
        slug: "declared-call-refused",
        title: "declared call that network policies refuse",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "the call fails, and the quick repair for the outage is usually a rule that allows everything",
        fix: "allow the call on both sides: egress of the caller and ingress of the destination",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for edge in model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Flow)
    {
        let Some(flow) = &edge.flow else { continue };
        let (FlowState::Declared, Some(port)) = (flow.state, flow.port) else {
            continue;
        };
        let ends = (model.workload(&edge.from), model.workload(&edge.to));
        let (Some(from), Some(to)) = ends else {
            continue;
        };
        let allowed = context.analysis.reachability.allowed(&from.id, &to.id);
        if allowed.contains(flow.protocol, port) {
            continue;
        }
        let message = format!(
            "workload `{}` calls `{}` on port {port}, and network policies refuse it",
            from.id.name(),
            to.id.name()
        );
        let report = Report::new(&from.id, &edge.origin, &from.content, message)
            .part(format!("{} {port}", to.id.name()))
            .label("the call is declared here")
            .related(&to.origin, "the destination");
        findings.add(check, report);
    }
}

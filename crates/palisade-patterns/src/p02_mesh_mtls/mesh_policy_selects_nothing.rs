//! Mesh policy that selects no workload.

use palisade_model::{Check, CheckId, Confidence, Control, ControlKind, MeshScope, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{in_reach, pods_match, services_of};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 11),
        slug: "mesh-policy-selects-nothing",
        title: "mesh policy that selects no workload",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "the workload that the policy was written for is open, and nobody notices",
        fix: "correct the labels in the selector so that they match the pods, or remove the policy",
        references: &[
            "Istio: Workload selector",
            "NIST SP 800-204B: service-to-service authentication",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for control in model.active_controls() {
        let Some(scope) = scope_of(control) else {
            continue;
        };
        let Some(selector) = scope.selector.as_ref().filter(|pods| !pods.is_everything()) else {
            continue;
        };
        let others = model.other_declarations.iter();
        let mut here = in_reach(model, scope)
            .iter()
            .chain(others.filter(|one| scope.root || one.namespace == scope.namespace))
            .peekable();
        let known = here.peek().is_some();
        if !known || here.any(|workload| pods_match(selector, workload)) {
            continue;
        }
        // Gateways are often deployed from elsewhere; their doors say which labels they have.
        let door = model.entry_points.iter().any(|entry| {
            entry.gateway_selector.as_ref() == Some(selector)
                && services_of(model, entry).next().is_some()
        });
        if door || scope.root {
            continue;
        }
        let message = format!(
            "policy `{}` selects no workload: nothing in namespace `{}` has the labels `{selector}`",
            control.id.name(),
            scope.namespace
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("no workload in the code matches");
        findings.add(check, report);
    }
}

fn scope_of(control: &Control) -> Option<&MeshScope> {
    match &control.kind {
        ControlKind::PeerAuthentication(policy) => Some(&policy.scope),
        ControlKind::Authorization(policy) => Some(&policy.scope),
        ControlKind::RequestAuthentication(policy) => Some(&policy.scope),
        ControlKind::Sidecar(policy) => Some(&policy.scope),
        _ => None,
    }
}

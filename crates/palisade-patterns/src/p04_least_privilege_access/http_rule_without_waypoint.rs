//! HTTP condition in ambient mode without a waypoint.

use palisade_model::{Check, CheckId, Confidence, Severity, Workload};

use super::mesh_rules::{authorizations, has_http_conditions};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{in_reach, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 22),
        slug: "http-rule-without-waypoint",
        title: "HTTP condition in ambient mode without a waypoint",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the rule cannot be enforced as written, so calls are refused or the rule is dropped in the repair",
        fix: "attach the policy to the service with `targetRefs` and add a waypoint, or use only principals, namespaces and ports",
        references: &[
            "Istio: Ambient mode, layer 4 policies",
            "NIST SP 800-204B: authorization policies",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in authorizations(model) {
        if !policy.scope.targets.is_empty() {
            continue;
        }
        let Some(rule) = policy.rules.iter().find(|rule| has_http_conditions(rule)) else {
            continue;
        };
        let ambient = |workload: &&Workload| {
            let mesh = &workload.mesh;
            mesh.istio_ambient.as_ref().is_some_and(|fact| fact.value)
                && scope_selects(model, &policy.scope, workload)
        };
        let Some(workload) = in_reach(model, &policy.scope).iter().find(ambient) else {
            continue;
        };
        let message = format!(
            "policy `{}` has HTTP conditions, and the node proxy of `{}` sees no HTTP",
            control.id.name(),
            workload.name
        );
        let report = Report::new(&control.id, &rule.origin, &control.content, message)
            .label("needs a waypoint")
            .related(&workload.origin, "in ambient mode");
        findings.add(check, report);
    }
}

//! ALLOW policy with a rule without conditions.

use palisade_model::{AuthorizationAction, Check, CheckId, Confidence, Severity};

use super::mesh_rules::{authorizations, is_empty};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 17),
        slug: "mesh-allows-everything",
        title: "ALLOW policy with a rule without conditions",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "every caller may do everything, and other ALLOW policies for the workload have no effect",
        fix: "remove the empty rule and write out who may call what; a policy without rules denies everything",
        references: &[
            "Istio: AuthorizationPolicy, allow-all",
            "NIST SP 800-204B: authorization policies",
            "NIST SP 800-207: 2.1",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in authorizations(context.model) {
        if policy.action != AuthorizationAction::Allow {
            continue;
        }
        let Some(rule) = policy.rules.iter().find(|rule| is_empty(rule)) else {
            continue;
        };
        let message = format!(
            "policy `{}` allows everything to everybody",
            control.id.name()
        );
        let report = Report::new(&control.id, &rule.origin, &control.content, message)
            .label("a rule without conditions matches every request");
        findings.add(check, report);
    }
}

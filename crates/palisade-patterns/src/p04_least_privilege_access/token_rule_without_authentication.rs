//! Rule about tokens where no token is validated.

use palisade_model::{
    AuthorizationRule, Check, CheckId, Confidence, ControlKind, MeshScope, Model, Severity,
};

use super::mesh_rules::authorizations;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{in_reach, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 19),
        slug: "token-rule-without-authentication",
        title: "rule about tokens where no token is validated",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "no request ever has a token identity there, so denials of certain tokens let everybody through",
        fix: "add a RequestAuthentication with issuer and audiences for the same workloads",
        references: &[
            "Istio: RequestAuthentication",
            "NIST SP 800-204B: authorization policies",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in authorizations(model) {
        let Some(rule) = policy.rules.iter().find(|rule| asks_for_token(rule)) else {
            continue;
        };
        // Without workloads in the code it cannot be told which policy covers the same ones.
        if !in_reach(model, &policy.scope)
            .iter()
            .any(|workload| scope_selects(model, &policy.scope, workload))
        {
            continue;
        }
        if is_validated(model, &policy.scope) {
            continue;
        }
        let message = format!(
            "policy `{}` asks for a token's identity, and no RequestAuthentication validates tokens there",
            control.id.name()
        );
        let report = Report::new(&control.id, &rule.origin, &control.content, message)
            .label("never matches a validated token");
        findings.add(check, report);
    }
}

fn asks_for_token(rule: &AuthorizationRule) -> bool {
    let source = rule.from.iter().any(|source| {
        !(source.request_principals.is_empty() && source.not_request_principals.is_empty())
    });
    source
        || rule
            .when
            .iter()
            .any(|when| when.key.starts_with("request.auth."))
}

/// Whether some authentication shares a workload with the policy.
fn is_validated(model: &Model, scope: &MeshScope) -> bool {
    model.active_controls().any(|control| match &control.kind {
        ControlKind::RequestAuthentication(known) => {
            in_reach(model, scope).iter().any(|workload| {
                scope_selects(model, scope, workload)
                    && scope_selects(model, &known.scope, workload)
            })
        }
        _ => false,
    })
}

//! Token that is validated but not required.

use palisade_model::{
    AuthorizationAction, AuthorizationPolicy, Check, CheckId, Confidence, ControlKind, MeshScope,
    Model, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{in_reach, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 5),
        slug: "token-not-required",
        title: "token that is validated but not required",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "a request without any token passes",
        fix: "add an AuthorizationPolicy that allows only `requestPrincipals`, or denies `notRequestPrincipals: [\"*\"]`",
        references: &[
            "Istio: RequestAuthentication, requests without token",
            "NIST SP 800-207: 2.1",
            "MITRE ATT&CK T1190",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for control in model.active_controls() {
        let ControlKind::RequestAuthentication(policy) = &control.kind else {
            continue;
        };
        let required = model.active_controls().any(|other| match &other.kind {
            ControlKind::Authorization(known) => {
                asks_for_token(known) && meet(model, &policy.scope, &known.scope)
            }
            _ => false,
        });
        if required || policy.rules.is_empty() {
            continue;
        }
        let message = format!(
            "policy `{}` validates tokens, and no AuthorizationPolicy requires one",
            control.id.name()
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("requests without a token pass");
        findings.add(check, report);
    }
}

fn asks_for_token(policy: &AuthorizationPolicy) -> bool {
    policy.action == AuthorizationAction::Custom
        || policy.rules.iter().any(|rule| {
            rule.when
                .iter()
                .any(|when| when.key.starts_with("request.auth."))
                || rule.from.iter().any(|source| {
                    !(source.request_principals.is_empty()
                        && source.not_request_principals.is_empty())
                })
        })
}

/// Whether both may be about one workload. Gateways are often deployed from elsewhere, so equal
/// selectors are enough.
fn meet(model: &Model, one: &MeshScope, two: &MeshScope) -> bool {
    one == two
        || in_reach(model, one).iter().any(|workload| {
            scope_selects(model, one, workload) && scope_selects(model, two, workload)
        })
}

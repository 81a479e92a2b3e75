//! Rule about identities where plain text is accepted.

use palisade_model::{
    AuthorizationAction, AuthorizationPolicy, Check, CheckId, Confidence, Severity,
};

use super::mesh_rules::authorizations;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::p02_mesh_mtls::accepts_plain_text;
use crate::registry::Unit;
use crate::selection::{in_reach, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 16),
        slug: "identity-rule-without-mtls",
        title: "rule about identities where plain text is accepted",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "a caller that connects in plain text has no identity, and passes the rule that should stop it",
        fix: "require mutual TLS for the workload with a PeerAuthentication of mode STRICT, or write the rule as ALLOW with `principals`",
        references: &[
            "Istio: AuthorizationPolicy, dependency on mutual TLS",
            "NIST SP 800-204B: authorization policies",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in authorizations(model) {
        let Some(at) = evaded_by_nobody(policy) else {
            continue;
        };
        let Some(rule) = policy.rules.get(at) else {
            continue;
        };
        let open = in_reach(model, &policy.scope)
            .iter()
            .filter(|workload| {
                workload
                    .mesh
                    .istio_sidecar
                    .as_ref()
                    .is_some_and(|fact| fact.value)
            })
            .find(|workload| {
                scope_selects(model, &policy.scope, workload)
                    && accepts_plain_text(context, workload)
            });
        let Some(workload) = open else { continue };
        let message = format!(
            "policy `{}` stops callers by identity, and `{}` also accepts callers that have none",
            control.id.name(),
            workload.name
        );
        let report = Report::new(&control.id, &rule.origin, &control.content, message)
            .label("a plain-text caller does not match this")
            .related(&workload.origin, "plain text is accepted here");
        findings.add(check, report);
    }
}

/// The first rule that a caller without an identity slips through: a denial of certain identities,
/// or a permission for all but certain identities.
fn evaded_by_nobody(policy: &AuthorizationPolicy) -> Option<usize> {
    policy.rules.iter().position(|rule| {
        rule.from.iter().any(|source| match policy.action {
            AuthorizationAction::Deny => {
                !(source.principals.is_empty()
                    && source.namespaces.is_empty()
                    && source.service_accounts.is_empty())
            }
            AuthorizationAction::Allow => {
                let excludes = !(source.not_principals.is_empty()
                    && source.not_namespaces.is_empty()
                    && source.not_service_accounts.is_empty());
                let asks = !(source.principals.is_empty()
                    && source.namespaces.is_empty()
                    && source.service_accounts.is_empty());
                excludes && !asks
            }
            AuthorizationAction::Audit | AuthorizationAction::Custom => false,
        })
    })
}

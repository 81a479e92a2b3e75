//! HTTP condition of a DENY policy on a TCP port.

use palisade_model::{AuthorizationAction, Check, CheckId, Confidence, Severity};

use super::mesh_rules::{authorizations, has_http_conditions, tcp_only};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::listed;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 15),
        slug: "http-deny-on-tcp-port",
        title: "HTTP condition of a DENY policy on a TCP port",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "the rule denies every connection of its callers, and the quick repair for the outage is usually to remove it",
        fix: "match on `ports`, `principals` and `namespaces` only, or name the service port `http-…` if it speaks HTTP",
        references: &[
            "Istio: Security policies on TCP traffic",
            "NIST SP 800-204B: 4.5",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in authorizations(context.model) {
        if policy.action != AuthorizationAction::Deny {
            continue;
        }
        let workloads = tcp_only(context.model, &policy.scope);
        if workloads.is_empty() {
            continue;
        }
        let rules = policy.rules.iter().enumerate();
        for (at, rule) in rules.filter(|(_, rule)| has_http_conditions(rule)) {
            let message = format!(
                "rule {} of DENY policy `{}` has HTTP conditions and denies every connection: {} only serves TCP",
                at + 1,
                control.id.name(),
                listed(workloads.iter().map(|workload| workload.name.as_str()))
            );
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("rule {}", at + 1))
                .label("methods, paths and hosts exist in HTTP only");
            findings.add(check, report);
        }
    }
}

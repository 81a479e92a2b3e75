//! Denial of exact paths.

use palisade_model::{
    AuthorizationAction, AuthorizationPolicy, Check, CheckId, Confidence, Severity,
};

use super::mesh_rules::authorizations;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::listed;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 18),
        slug: "denied-path-can-be-varied",
        title: "denial of exact paths",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        lets: "the same resource is asked for under a path that the rule does not name, such as with a slash at the end or in other case",
        fix: "turn the rule round: allow the paths that are needed, and let everything else be denied",
        references: &[
            "Istio: Security best practices, path normalization and safer patterns",
            "CVE-2021-31920",
            "NIST SP 800-204B: authorization policies",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in authorizations(context.model) {
        for (at, rule) in policy.rules.iter().enumerate() {
            let paths: Vec<&str> = rule
                .to
                .iter()
                .flat_map(|to| match policy.action {
                    AuthorizationAction::Deny => &to.paths,
                    _ => &to.not_paths,
                })
                .map(String::as_str)
                .filter(|path| is_exact(path))
                .collect();
            if paths.is_empty() || !decides(policy) {
                continue;
            }
            let message = format!(
                "policy `{}` shuts {} by exact path, and variants of the path pass",
                control.id.name(),
                listed(paths)
            );
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("rule {}", at + 1))
                .label("only this spelling is denied");
            findings.add(check, report);
        }
    }
}

fn decides(policy: &AuthorizationPolicy) -> bool {
    matches!(
        policy.action,
        AuthorizationAction::Deny | AuthorizationAction::Allow
    )
}

fn is_exact(path: &str) -> bool {
    !path.contains(['*', '{'])
}

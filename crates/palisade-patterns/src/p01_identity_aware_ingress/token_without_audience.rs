//! Token accepted whatever its audience or issuer.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 4),
        slug: "token-without-audience",
        title: "token accepted whatever its audience or issuer",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a token that was issued for another application opens this one",
        fix: "name the issuer and the audience of this application in the rule",
        references: &["RFC 8725: 3.8, 3.9", "RFC 9068: 4", "NIST SP 800-207: 2.1"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::RequestAuthentication(policy) = &control.kind else {
            continue;
        };
        for (at, rule) in policy.rules.iter().enumerate() {
            let issuer = rule
                .issuer
                .as_ref()
                .filter(|issuer| !issuer.value.is_empty());
            let what = match (issuer, rule.audiences.is_empty()) {
                (Some(issuer), true) => format!("tokens of `{}` for any audience", issuer.value),
                (None, true) => "tokens of any issuer for any audience".to_owned(),
                (None, false) => "tokens of any issuer".to_owned(),
                (Some(_), false) => continue,
            };
            let message = format!("policy `{}` accepts {what}", control.id.name());
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("rule {}", at + 1))
                .label("add `audiences`");
            findings.add(check, report);
        }
    }
}

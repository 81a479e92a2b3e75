//! Validated token that is passed on to the workload.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 14),
        slug: "token-forwarded",
        title: "validated token that is passed on to the workload",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "a compromised workload, or its logs, replays the caller's token against other services",
        fix: "pass on only the claims that are needed, with `outputClaimToHeaders`, and exchange the token for further calls",
        references: &["RFC 8725: 3.9", "MITRE ATT&CK T1550.001"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::RequestAuthentication(policy) = &control.kind else {
            continue;
        };
        let forwarded = policy.rules.iter().find(|rule| rule.forward_original_token);
        let Some(rule) = forwarded else { continue };
        let message = format!(
            "policy `{}` passes the caller's token on to the workload",
            control.id.name()
        );
        let report = Report::new(&control.id, &rule.origin, &control.content, message)
            .label("`forwardOriginalToken` is on");
        findings.add(check, report);
    }
}

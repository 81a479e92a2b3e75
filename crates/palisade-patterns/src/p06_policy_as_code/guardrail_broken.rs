//! A team's own policy that the code breaks.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::guardrail::{GuardrailFault, GuardrailReport};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 20),
        slug: "guardrail-broken",
        title: "policy of the team is broken",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "what the team decided never to run is merged",
        fix: "change the marked value as the policy's message says, or have an exception reviewed",
        references: &["NIST SP 800-53r5: CM-3", "NIST SP 800-204C: 4.4"],
        equivalents: &[],
    },
    run: |check, context, findings| report(check, context, findings, GuardrailFault::Broken),
};

/// Reports what policies said of one kind.
pub(super) fn report(
    check: &Check,
    context: &Context<'_>,
    findings: &mut Findings,
    fault: GuardrailFault,
) {
    let of_kind = |said: &&GuardrailReport| said.fault == fault;
    for said in context.guardrails.iter().filter(of_kind) {
        let mut report = Report::new(
            &said.subject,
            &said.origin,
            &said.content,
            said.message.as_str(),
        )
        .part(said.part.as_str())
        .label(said.label.as_str());
        report.severity = said.severity;
        if let Some(rule) = &said.rule {
            report = report.related(rule, "the rule");
        }
        findings.add(check, report);
    }
}

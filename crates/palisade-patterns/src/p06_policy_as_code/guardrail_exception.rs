//! An exception from a team's own policies, in their ecosystem's form, that is over or unreviewed.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::guardrail_broken::report;
use crate::guardrail::GuardrailFault;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 22),
        slug: "guardrail-exception",
        title: "exception from a team's policies that is over, or without owner or end",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "a guardrail is left out for good, and nobody decides about it",
        fix: "give the exception an owner and an end (`palisade.dev/owner` and `palisade.dev/until`, or `custom.owner` and `custom.until` in Rego's metadata), or remove it",
        references: &["NIST SP 800-53r5: CA-5", "NIST SP 800-53r5: RA-7"],
        equivalents: &[],
    },
    run: |check, context, findings| {
        report(
            check,
            context,
            findings,
            GuardrailFault::ExceptionUnreviewed,
        );
    },
};

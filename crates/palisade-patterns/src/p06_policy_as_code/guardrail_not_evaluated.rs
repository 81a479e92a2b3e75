//! A team's own policy that says nothing because it does not load or fails.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::guardrail_broken::report;
use crate::guardrail::GuardrailFault;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 21),
        slug: "guardrail-not-evaluated",
        title: "policy of the team could not be evaluated",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "nobody knows whether the guardrail holds, so the gate stays closed",
        fix: "mend the policy at the marked place; `palisade policy check` shows every mistake at once",
        references: &["NIST SP 800-53r5: CM-3", "NIST SP 800-53r5: SI-17"],
        equivalents: &[],
    },
    run: |check, context, findings| report(check, context, findings, GuardrailFault::NotEvaluated),
};

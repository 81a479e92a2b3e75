//! Binding that should have ended.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use jiff::civil::Date;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 23),
        slug: "expired-grant",
        title: "binding that should have ended",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a right that was meant for a while stands for good",
        fix: "remove the binding, or have the grant approved again with a new end",
        references: &["NIST SP 800-207: 2.1", "MITRE ATT&CK T1078"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for binding in &context.model.bindings {
        let Some(written) = &binding.expires else {
            continue;
        };
        // A time of day is of no interest; a text that is no date says nothing.
        let day = written.get(..10).and_then(|day| day.parse::<Date>().ok());
        if day.is_none_or(|day| context.today < day) {
            continue;
        }
        let message = format!(
            "binding `{}` should have ended on {written} and still gives role `{}`",
            binding.id.name(),
            binding.role.name
        );
        let report = Report::new(&binding.id, &binding.role_origin, &binding.content, message)
            .label("the grant is over");
        findings.add(check, report);
    }
}

//! Gateway that passes TLS through without ending it.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 13),
        slug: "tls-passed-through",
        title: "gateway that passes TLS through without ending it",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "the gateway sees no request, so it can authenticate, limit and log nothing",
        fix: "end TLS at the gateway, or make sure that the workload authenticates its callers itself",
        references: &["NIST SP 800-207: 2.1", "NIST SP 800-204: MS-SS-1"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        let passed = entry.listeners.iter().find_map(|listener| {
            let mode = listener.tls.as_ref()?;
            let through = ["passthrough", "auto_passthrough"]
                .iter()
                .any(|known| mode.value.eq_ignore_ascii_case(known));
            through.then_some(mode)
        });
        let Some(mode) = passed else { continue };
        let message = format!(
            "entry point `{}` passes TLS through (`{}`), so it cannot authenticate requests",
            entry.id.name(),
            mode.value
        );
        let report = Report::new(&entry.id, &mode.origin, &entry.content, message)
            .label("the gateway sees no request");
        findings.add(check, report);
    }
}

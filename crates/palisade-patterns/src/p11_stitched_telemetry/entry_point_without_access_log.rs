//! Entry point writes no access log.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::access_logs::{Logging, logging_of};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(11, 1),
        slug: "entry-point-without-access-log",
        title: "entry point writes no access log",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "an attack through the entry point leaves no trace of who came and what was asked for",
        fix: "turn the access log of the entry point on",
        references: &[
            "NIST SP 800-53r5: AU-2",
            "NIST SP 800-204: MS-SS-5",
            "MITRE ATT&CK T1562.008",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        let message = format!("entry point `{}` writes no access log", entry.name);
        let report = Report::new(&entry.id, &entry.origin, &entry.content, message);
        match logging_of(context, entry) {
            Logging::On | Logging::Unknown => {}
            Logging::Off(Some(origin)) => {
                let report = report.label("requests are not recorded");
                findings.add(check, report.related(origin, "turned off here"));
            }
            Logging::Off(None) => findings.add(check, report.label("its log is turned off")),
            Logging::NotAsked => {
                let report = report.label("no Telemetry object asks for a log here");
                findings.add(
                    check,
                    report.severity(Severity::Low).confidence(Confidence::Low),
                );
            }
        }
    }
}

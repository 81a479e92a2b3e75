//! Dataset has no backup.

use palisade_model::{Check, CheckId, Confidence, DatasetKind, Severity};

use crate::container_view::is_true;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 5),
        slug: "no-backup",
        title: "dataset has no backup",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "whoever deletes or encrypts the data has the last word",
        fix: "declare snapshots or a backup schedule for the claim",
        references: &[
            "NIST SP 800-53r5: CP-9",
            "MITRE ATT&CK T1485",
            "MITRE ATT&CK T1490",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let datasets = &context.model.datasets;
    let others_have = datasets
        .iter()
        .any(|dataset| is_true(dataset.backed_up.as_ref()));
    for dataset in datasets
        .iter()
        .filter(|dataset| dataset.kind == DatasetKind::Volume)
    {
        if is_true(dataset.backed_up.as_ref()) {
            continue;
        }
        let message = format!("no backup of dataset `{}` stands in the code", dataset.name);
        let mut report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message)
            .label("gone when it is deleted");
        // Backups of other datasets stand in the code, so this one was forgotten.
        if dataset.backed_up.is_some() || others_have {
            report = report
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
        }
        findings.add(check, report);
    }
}

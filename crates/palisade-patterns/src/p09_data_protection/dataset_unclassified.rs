//! Dataset is not classified.

use palisade_model::{Check, CheckId, Confidence, Dataset, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 6),
        slug: "dataset-unclassified",
        title: "dataset is not classified",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "nobody can tell which rules hold for the data, and the sensitive part gets no more protection than the rest",
        fix: "add the label `palisade.dev/classification` (public, internal, confidential or restricted), or say it in `palisade.toml`",
        references: &["NIST SP 800-53r5: RA-2", "NIST SP 800-207: 2.1"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in context.model.datasets.iter().filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(dataset: &Dataset) -> Option<Report> {
    if dataset.classification.is_some() {
        return None;
    }
    let message = format!("dataset `{}` is not classified", dataset.name);
    let report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message);
    Some(report.label("nobody said how harmful a leak is"))
}

//! Dataset is not encrypted at rest.

use palisade_model::{Check, CheckId, Confidence, Dataset, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 1),
        slug: "dataset-not-encrypted",
        title: "dataset is not encrypted at rest",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever gets a disk, a snapshot or the storage account reads the data",
        fix: "use a storage class that encrypts, with a key of your own where the data is confidential",
        references: &["NIST SP 800-53r5: SC-28"],
        equivalents: &[kubescape("C-0264")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in context.model.datasets.iter().filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(dataset: &Dataset) -> Option<Report> {
    let fact = dataset.encrypted.as_ref().filter(|fact| !fact.value)?;
    let message = format!("dataset `{}` is not encrypted at rest", dataset.name);
    let mut report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message)
        .label("kept in the clear")
        .related(&fact.origin, "the storage class does not encrypt");
    if let Some(class) = &dataset.storage_class {
        report = report.related(
            &class.origin,
            format!("storage class `{}` is named here", class.value),
        );
    }
    Some(report)
}

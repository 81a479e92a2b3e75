//! Dataset is kept on storage that is lost with its pod.

use palisade_model::{
    Check, CheckId, Confidence, Dataset, DatasetKind, Severity, Volume, VolumeSource, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 8),
        slug: "dataset-not-persistent",
        title: "dataset is kept on storage that is lost with its pod",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "whoever can delete the pod, or take its node down, deletes the data",
        fix: "keep the data on a claim, with `volumeClaimTemplates` in a StatefulSet",
        references: &["NIST SP 800-53r5: CP-9", "MITRE ATT&CK T1485"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for dataset in &context.model.datasets {
        // What a cache holds may be lost.
        if !matches!(
            dataset.kind,
            DatasetKind::Database | DatasetKind::Queue | DatasetKind::ObjectStore
        ) {
            continue;
        }
        let Some(server) = dataset
            .served_by
            .as_ref()
            .and_then(|id| context.model.workload(id))
        else {
            continue;
        };
        if let Some(report) = judge(dataset, server) {
            findings.add(check, report);
        }
    }
}

fn judge(dataset: &Dataset, server: &Workload) -> Option<Report> {
    let lasts = |volume: &&Volume| {
        matches!(
            volume.source,
            VolumeSource::Claim { .. }
                | VolumeSource::Csi { .. }
                | VolumeSource::Image { .. }
                | VolumeSource::Other { .. }
        )
    };
    if server.volumes.iter().any(|volume| lasts(&volume)) {
        return None;
    }
    let message = format!("dataset `{}` is lost with its pod", dataset.name);
    let report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message)
        .label("no claim keeps the data");
    let local = server.volumes.iter().find(|volume| {
        matches!(
            volume.source,
            VolumeSource::EmptyDir | VolumeSource::HostPath { .. }
        )
    });
    Some(match local {
        Some(volume) => report.related(
            &volume.origin,
            format!("volume `{}` does not last", volume.name),
        ),
        None => report,
    })
}

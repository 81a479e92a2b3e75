//! Projected token lives too long or is for any audience.

use palisade_model::{
    Check, CheckId, Confidence, ProjectedToken, Severity, Volume, VolumeSource, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 10),
        slug: "long-lived-projected-token",
        title: "projected token lives too long or is for any audience",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a stolen token stays good for long, or opens the API server where it was meant for something else",
        fix: "set an `audience`, and `expirationSeconds` of 3600 or less",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
            "MITRE ATT&CK T1528",
        ],
        equivalents: &[],
    },
    run,
};

/// The longest life in seconds that is not reported; the kubelet's own volume asks for 3607.
const LONGEST_SECONDS: i64 = 3607;

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        for volume in &workload.volumes {
            let VolumeSource::Projected { tokens, .. } = &volume.source else {
                continue;
            };
            // The volume that the cluster itself adds to a pod stands in listings of live pods.
            if volume.name.starts_with("kube-api-access-") {
                continue;
            }
            for report in tokens
                .iter()
                .filter_map(|token| judge(workload, volume, token))
            {
                findings.add(check, report);
            }
        }
    }
}

fn judge(workload: &Workload, volume: &Volume, token: &ProjectedToken) -> Option<Report> {
    let seconds = token
        .expiration_seconds
        .filter(|seconds| *seconds > LONGEST_SECONDS);
    let (what, severity) = match (seconds, &token.audience) {
        (Some(seconds), _) => (format!("lives for {seconds} seconds"), Severity::Medium),
        (None, None) => ("is for the API server's audience".to_owned(), Severity::Low),
        (None, Some(_)) => return None,
    };
    let message = format!(
        "token in volume `{}` of `{}` {what}",
        volume.name, workload.name
    );
    Some(
        Report::new(&workload.id, &token.origin, &workload.content, message)
            .part(volume.name.as_str())
            .label("projected here")
            .severity(severity),
    )
}

//! The four outcomes: figures that say whether security got better between two snapshots.
//!
//! Start at [`Outcomes::measure`].

use std::collections::BTreeSet;

use palisade_model::{Model, Secret, SecretForm, SecretKind, Strategy, Workload, WorkloadKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Analysis;

/// The outcomes of one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// Ordered (source, destination, port) triples that the declared policies allow.
    pub reachable_paths: u64,
    /// Of them, (door, workload, port) from the internet without an authenticated identity.
    pub exposed_paths: u64,
    /// (identity, action, resource) grants that hold without an end.
    pub standing_privilege: u64,
    /// Of them, those that lead to administrator.
    pub administrative: u64,
    /// Secrets that do not expire.
    pub static_secrets: u64,
    /// Deployables whose previous version can be restored from code alone.
    pub rollback_ready: u64,
    /// Deployables.
    pub deployables: u64,
}

impl Outcomes {
    /// Measures a model.
    pub fn measure(model: &Model, analysis: &Analysis<'_>) -> Self {
        let privileges = &analysis.privileges;
        let exposed: BTreeSet<_> = analysis
            .exposure
            .open_doors()
            .map(|door| (&door.entry, &door.workload, door.port))
            .collect();
        let deployables = model.workloads.iter().filter(|one| is_deployable(one));
        let ready = deployables.clone().filter(|one| is_rollback_ready(one));
        Self {
            reachable_paths: analysis.reachability.path_count(),
            exposed_paths: exposed.len() as u64,
            standing_privilege: privileges.standing_count(),
            administrative: privileges.administrative_count(),
            static_secrets: model.secrets.iter().filter(|one| is_static(one)).count() as u64,
            rollback_ready: ready.count() as u64,
            deployables: deployables.count() as u64,
        }
    }
}

/// A value in the code stays valid until somebody changes it; a token Secret has no end either,
/// with or without its value in the code.
fn is_static(secret: &Secret) -> bool {
    secret.form == SecretForm::Literal
        || (secret.kind == SecretKind::ServiceAccountToken && secret.form != SecretForm::Managed)
}

/// Whether a workload is rolled out in revisions.
fn is_deployable(workload: &Workload) -> bool {
    matches!(
        workload.kind,
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet
    )
}

/// Whether the code alone restores the previous version without an outage: images that stay what
/// they were, a revision that is kept, and pods that are replaced a few at a time.
pub fn is_rollback_ready(workload: &Workload) -> bool {
    let keeps = workload
        .strategy
        .history_limit
        .as_ref()
        .is_none_or(|limit| limit.value > 0);
    let rolls = workload
        .strategy
        .kind
        .as_ref()
        .is_none_or(|kind| kind.value == Strategy::RollingUpdate);
    let pinned = workload.containers.iter().all(|container| {
        let image = container.image.as_ref();
        image.is_some_and(|image| !image.value.is_mutable())
    });
    is_deployable(workload) && keeps && rolls && pinned && !workload.containers.is_empty()
}

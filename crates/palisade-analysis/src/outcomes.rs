//! The four outcomes: figures that say whether security got better between two snapshots.
//!
//! Start at [`Outcomes::measure`].

use palisade_model::Model;
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
        let _ = model;
        Self {
            standing_privilege: privileges.standing_count(),
            administrative: privileges.administrative_count(),
            ..Self::default()
        }
    }
}

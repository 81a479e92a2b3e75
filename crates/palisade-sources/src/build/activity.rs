//! Whether a guard holds for the system: every variant that deploys what it guards must hold it.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{Model, NodeId};

type Variants = BTreeSet<String>;

/// Which variants deploy workloads to which namespace, and which hold which guard. Plain manifests
/// are the variant without a name.
pub(super) struct Deployments {
    namespaces: BTreeMap<String, Variants>,
    guards: BTreeMap<NodeId, Variants>,
}

impl Deployments {
    /// Takes note of every declaration, before duplicates go.
    pub(super) fn of(model: &Model) -> Self {
        let mut namespaces: BTreeMap<String, Variants> = BTreeMap::new();
        for workload in model.declarations() {
            let variants = namespaces.entry(workload.namespace.clone()).or_default();
            variants.extend(named(&workload.variants));
        }
        let mut guards: BTreeMap<NodeId, Variants> = BTreeMap::new();
        for control in &model.controls {
            let variants = guards.entry(control.id.clone()).or_default();
            variants.extend(named(&control.variants));
        }
        Self { namespaces, guards }
    }

    /// Decides for every guard.
    pub(super) fn decide(&self, model: &mut Model) {
        let everywhere: Variants = self.namespaces.values().flatten().cloned().collect();
        for control in &mut model.controls {
            let own = control.namespace.as_ref();
            let deploying = own
                .and_then(|namespace| self.namespaces.get(namespace))
                .unwrap_or(&everywhere);
            let Some(holding) = self.guards.get(&control.id) else {
                continue;
            };
            // Plain guards stand beside charts when nothing else is plain there.
            let beside = holding.contains("") && !deploying.contains("");
            control.active = beside || deploying.is_subset(holding);
        }
    }
}

fn named(variants: &[String]) -> Vec<String> {
    if variants.is_empty() {
        return vec![String::new()];
    }
    variants.to_vec()
}

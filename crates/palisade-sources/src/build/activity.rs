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

#[cfg(test)]
mod tests {
    use palisade_model::Model;

    use super::Deployments;
    use crate::{Options, read_texts};

    const TEXT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: []}\n\
        ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n";

    /// Whether the policy holds when these variants deploy the pod and hold the policy.
    fn holds(deploying: &[&str], holding: &[&str]) -> bool {
        let mut model: Model = read_texts(&[("a.yaml", TEXT)], &Options::default()).model;
        let named = |variant: &&str| -> Vec<String> {
            let name = (*variant).to_owned();
            Some(name)
                .filter(|name| !name.is_empty())
                .into_iter()
                .collect()
        };
        for (variants, list) in [(deploying, true), (holding, false)] {
            for variant in variants.iter().map(named) {
                if list {
                    let mut pod = model.workloads[0].clone();
                    pod.variants = variant;
                    model.other_declarations.push(pod);
                } else {
                    let mut policy = model.controls[0].clone();
                    policy.variants = variant;
                    model.controls.push(policy);
                }
            }
        }
        model.workloads.clear();
        model.controls.remove(0);
        let deployments = Deployments::of(&model);
        deployments.decide(&mut model);
        model.controls[0].active
    }

    #[test]
    fn every_variant_that_deploys_must_hold_the_guard() {
        assert!(holds(&[""], &[""]));
        assert!(holds(&["prod", "test"], &["prod", "test"]));
        assert!(holds(&["chart"], &[""]));
        assert!(!holds(&["prod", "test"], &["prod"]));
        assert!(!holds(&["", "prod"], &["prod"]));
        assert!(!holds(&["", "prod"], &[""]));
    }
}

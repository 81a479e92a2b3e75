//! One node per id: the first declaration is kept, plain manifests before rendered ones.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Binding, ConfigObject, Control, Dataset, Diagnostic, DiagnosticLevel, EdgeKind, EntryPoint,
    Identity, Model, NodeId, Origin, Pipeline, Role, Secret, Service, Workload, Zone,
};

use crate::facts::Facts;

/// What can be declared more than once.
trait Declared {
    /// What tells it from others of its list.
    fn key(&self) -> String;
    /// Where it stands.
    fn origin(&self) -> &Origin;
    /// Digest of its content; empty where none is kept.
    fn content(&self) -> &str;
    /// Takes what is worth keeping from a later declaration.
    fn take_over(&mut self, _other: &mut Self) {}
}

macro_rules! declared {
    ($($kind:ty),*) => {$(
        impl Declared for $kind {
            fn key(&self) -> String {
                self.id.to_string()
            }
            fn origin(&self) -> &Origin {
                &self.origin
            }
            fn content(&self) -> &str {
                &self.content
            }
        }
    )*};
}

declared!(
    Workload, Service, EntryPoint, Role, Binding, Dataset, Secret, Zone, Pipeline
);

impl Declared for Control {
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn content(&self) -> &str {
        &self.content
    }
    fn take_over(&mut self, other: &mut Self) {
        // A plain manifest stays one, whatever overlays take it up.
        if !self.variants.is_empty() {
            self.variants.append(&mut other.variants);
            self.variants.sort();
            self.variants.dedup();
        }
    }
}

impl Declared for Identity {
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn content(&self) -> &'static str {
        ""
    }
}

impl Declared for ConfigObject {
    fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn content(&self) -> &str {
        &self.content
    }
}

/// Leaves one node per id in every list.
pub(super) fn merge(facts: &mut Facts) {
    let mut notes = Vec::new();
    let model = &mut facts.model;
    model
        .workloads
        .extend(owners(std::mem::take(&mut facts.owned_pods)));
    let (first, others) = split(std::mem::take(&mut model.workloads));
    model.workloads = first;
    model.other_declarations = distinct(&model.workloads, others);
    drop_rendered_literals(model);
    keep_first(&mut model.zones, &mut notes);
    keep_first(&mut model.services, &mut notes);
    keep_first(&mut model.entry_points, &mut notes);
    keep_first(&mut model.identities, &mut notes);
    keep_first(&mut model.roles, &mut notes);
    keep_first(&mut model.bindings, &mut notes);
    keep_first(&mut model.datasets, &mut notes);
    keep_first(&mut model.secrets, &mut notes);
    keep_first(&mut model.config, &mut notes);
    keep_first(&mut model.pipelines, &mut notes);
    keep_first(&mut model.controls, &mut notes);
    facts.diagnostics.append(&mut notes);
}

/// Leaves one door per id, after routes have been attached.
pub(super) fn doors(model: &mut Model) {
    let (first, _) = split(std::mem::take(&mut model.entry_points));
    model.entry_points = first;
}

/// Pods with one owner as one workload; label sets that differ are kept beside the first.
fn owners(pods: Vec<Workload>) -> Vec<Workload> {
    let mut merged: BTreeMap<NodeId, Workload> = BTreeMap::new();
    for pod in pods {
        match merged.entry(pod.id.clone()) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(pod);
            }
            std::collections::btree_map::Entry::Occupied(mut taken) => {
                let first = taken.get_mut();
                let known = first.pod_labels == pod.pod_labels
                    || first.other_pod_labels.contains(&pod.pod_labels);
                if !known {
                    first.other_pod_labels.push(pod.pod_labels);
                }
            }
        }
    }
    merged.into_values().collect()
}

fn order<T: Declared>(list: &mut [T]) {
    list.sort_by_cached_key(|node| {
        let origin = node.origin();
        (node.key(), origin.rendered_from.is_some(), origin.clone())
    });
}

/// The first of every id, and the others.
fn split<T: Declared>(mut list: Vec<T>) -> (Vec<T>, Vec<T>) {
    order(&mut list);
    let (mut first, mut others): (Vec<T>, Vec<T>) = (Vec::new(), Vec::new());
    for mut node in list {
        match first.last_mut().filter(|last| last.key() == node.key()) {
            Some(last) => {
                last.take_over(&mut node);
                others.push(node);
            }
            None => first.push(node),
        }
    }
    (first, others)
}

fn keep_first<T: Declared>(list: &mut Vec<T>, notes: &mut Vec<Diagnostic>) {
    let (first, others) = split(std::mem::take(list));
    for other in others {
        let kept = first
            .binary_search_by(|node| node.key().cmp(&other.key()))
            .ok()
            .and_then(|at| first.get(at));
        let plain = other.origin().rendered_from.is_none();
        if let Some(kept) = kept.filter(|kept| plain && kept.content() != other.content()) {
            notes.push(Diagnostic {
                level: DiagnosticLevel::Note,
                message: format!(
                    "`{}` is declared again with another content; the one at {} is kept",
                    other.key(),
                    kept.origin()
                ),
                origin: Some(other.origin().clone()),
                help: None,
            });
        }
    }
    *list = first;
}

/// Further declarations of workloads, without renderings that say the same as the first.
fn distinct(first: &[Workload], others: Vec<Workload>) -> Vec<Workload> {
    let mut seen: BTreeSet<(NodeId, String)> = first
        .iter()
        .map(|workload| (workload.id.clone(), workload.content.clone()))
        .collect();
    others
        .into_iter()
        .filter(|workload| {
            let new = seen.insert((workload.id.clone(), workload.content.clone()));
            new || workload.origin.rendered_from.is_none()
        })
        .collect()
}

/// Drops literal secrets of renderings where a plain manifest of the workload has the same one.
fn drop_rendered_literals(model: &mut Model) {
    let names: BTreeMap<NodeId, String> = model
        .secrets
        .iter()
        .filter(|secret| secret.namespace.is_none())
        .map(|secret| (secret.id.clone(), secret.name.clone()))
        .collect();
    let uses = || {
        model
            .edges
            .iter()
            .filter(|edge| edge.kind == EdgeKind::Uses)
    };
    let plain: BTreeSet<(&NodeId, &String)> = uses()
        .filter(|edge| edge.origin.rendered_from.is_none())
        .filter_map(|edge| Some((&edge.from, names.get(&edge.to)?)))
        .collect();
    let doubled: BTreeSet<NodeId> = uses()
        .filter(|edge| edge.origin.rendered_from.is_some())
        .filter(|edge| {
            names
                .get(&edge.to)
                .is_some_and(|name| plain.contains(&(&edge.from, name)))
        })
        .map(|edge| edge.to.clone())
        .collect();
    model.secrets.retain(|secret| !doubled.contains(&secret.id));
    model.edges.retain(|edge| !doubled.contains(&edge.to));
}

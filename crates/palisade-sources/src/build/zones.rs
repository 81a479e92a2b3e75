//! The cluster, and every namespace that is declared or only referred to.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::{Position, Span};
use palisade_model::{Labels, Model, NodeId, NodeKind, Origin, Zone, ZoneKind};

use crate::formats::kubernetes::namespaces::NAME_LABEL;

/// Adds what no object declares.
pub(super) fn add(model: &mut Model) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    let mut see = |namespace: &str, origin: &Origin| {
        let known = seen
            .entry(namespace.to_owned())
            .or_insert_with(|| origin.clone());
        if origin < known {
            known.clone_from(origin);
        }
    };
    for node in &model.workloads {
        see(&node.namespace, &node.origin);
    }
    for node in &model.services {
        see(&node.namespace, &node.origin);
    }
    for node in &model.entry_points {
        see(&node.namespace, &node.origin);
    }
    for node in &model.datasets {
        see(&node.namespace, &node.origin);
    }
    for node in &model.config {
        see(&node.namespace, &node.origin);
    }
    let optional = |namespace: &Option<String>, origin: &Origin| {
        namespace.clone().map(|name| (name, origin.clone()))
    };
    let others: Vec<(String, Origin)> = model
        .secrets
        .iter()
        .filter_map(|node| optional(&node.namespace, &node.origin))
        .chain(
            model
                .identities
                .iter()
                .filter_map(|node| optional(&node.namespace, &node.origin)),
        )
        .chain(
            model
                .controls
                .iter()
                .filter_map(|node| optional(&node.namespace, &node.origin)),
        )
        .chain(
            model
                .roles
                .iter()
                .filter_map(|node| optional(&node.namespace, &node.origin)),
        )
        .chain(
            model
                .bindings
                .iter()
                .filter_map(|node| optional(&node.namespace, &node.origin)),
        )
        .collect();
    for (namespace, origin) in &others {
        see(namespace, origin);
    }
    let first = seen.values().min().cloned();
    refer(model, seen);
    if let Some(origin) = first.or_else(|| model.zones.first().map(|zone| zone.origin.clone())) {
        model.zones.push(cluster(&origin));
    }
}

fn referred(name: &str, origin: Origin) -> Zone {
    Zone {
        id: NodeId::new(NodeKind::Zone, &format!("namespace/{name}")),
        name: name.to_owned(),
        kind: ZoneKind::Namespace,
        labels: Labels::from([(NAME_LABEL.to_owned(), name.to_owned())]),
        annotations: Labels::new(),
        label_facts: Vec::new(),
        declared: false,
        origin,
        content: String::new(),
    }
}

fn cluster(first: &Origin) -> Zone {
    let mut origin = first.clone();
    origin.span = Span::default();
    origin.start = Position { line: 1, column: 1 };
    Zone {
        id: NodeId::new(NodeKind::Zone, "cluster"),
        name: "cluster".to_owned(),
        kind: ZoneKind::Cluster,
        labels: Labels::new(),
        annotations: Labels::new(),
        label_facts: Vec::new(),
        declared: false,
        origin,
        content: String::new(),
    }
}

/// Adds the namespaces that no object declares.
fn refer(model: &mut Model, seen: BTreeMap<String, Origin>) {
    let namespaces = model.zones.iter();
    let declared: BTreeSet<String> = namespaces
        .filter(|zone| zone.kind == ZoneKind::Namespace)
        .map(|zone| zone.name.clone())
        .collect();
    let missing = seen
        .into_iter()
        .filter(|(name, _)| !declared.contains(name));
    let zones = missing.map(|(name, origin)| referred(&name, origin));
    model.zones.extend(zones);
}

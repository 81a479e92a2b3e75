//! One view per module, and how each kind of node is shown.

pub(crate) mod iam;
pub(crate) mod microservices;
pub(crate) mod zero_trust;

use palisade_analysis::Analysis;
use palisade_model::{Dataset, EntryKind, EntryPoint, Workload};

use crate::scene::{Scene, SceneNode, Shape};

/// Adds the internet.
fn internet(scene: &mut Scene) -> usize {
    scene.add(SceneNode {
        id: "actor:internet".to_owned(),
        label: "internet".to_owned(),
        detail: "anyone".to_owned(),
        shape: Shape::Actor,
        zone: None,
        badges: Vec::new(),
        alarming: false,
    })
}

/// Adds a workload in its namespace.
fn workload(scene: &mut Scene, analysis: &Analysis<'_>, workload: &Workload) -> usize {
    let zone = namespace(scene, &workload.namespace);
    let mesh = if workload.mesh.is_member() {
        " · in mesh"
    } else {
        ""
    };
    scene.add(SceneNode {
        id: workload.id.to_string(),
        label: workload.name.clone(),
        detail: format!("{}{mesh}", workload.kind.name()),
        shape: Shape::Workload,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: analysis
            .exposure
            .open_doors()
            .any(|door| door.workload == workload.id),
    })
}

/// Adds an entry point; doors stand in front of the zones.
fn entry(scene: &mut Scene, entry: &EntryPoint) -> usize {
    let zone = scene.zone("zone:front-door", "front door");
    let kind = match entry.kind {
        EntryKind::Ingress => "Ingress",
        EntryKind::Gateway => "Gateway",
        EntryKind::IstioGateway => "Istio Gateway",
        EntryKind::Route => "Route",
        EntryKind::LoadBalancer => "LoadBalancer",
        EntryKind::NodePort => "NodePort",
        EntryKind::HostPort => "host port",
    };
    let tls = entry
        .listeners
        .iter()
        .any(|listener| listener.tls.is_some());
    scene.add(SceneNode {
        id: entry.id.to_string(),
        label: entry.name.clone(),
        detail: format!(
            "{kind} · {} · {}",
            if tls { "TLS" } else { "plain" },
            entry.namespace
        ),
        shape: Shape::Entry,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: false,
    })
}

/// Adds a dataset in its namespace.
fn dataset(scene: &mut Scene, dataset: &Dataset) -> usize {
    let zone = namespace(scene, &dataset.namespace);
    let class = dataset.classification.as_ref().map_or_else(
        || "unclassified".to_owned(),
        |fact| format!("{:?}", fact.value).to_lowercase(),
    );
    scene.add(SceneNode {
        id: dataset.id.to_string(),
        label: dataset.name.clone(),
        detail: format!("{:?} · {class}", dataset.kind).to_lowercase(),
        shape: Shape::Dataset,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: false,
    })
}

fn namespace(scene: &mut Scene, name: &str) -> usize {
    scene.zone(
        &format!("zone:namespace/{name}"),
        &format!("namespace {name}"),
    )
}

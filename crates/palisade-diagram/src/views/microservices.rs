//! Services and flows: every workload, the calls that the code declares, and what protects them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_analysis::Analysis;
use palisade_model::{ControlKind, EdgeKind, FlowState, Model, NodeId};

use super::{dataset, entry, internet, workload};
use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};
use crate::views::zero_trust::{door_state, flow_state};

/// Builds the view.
pub(crate) fn scene(analysis: &Analysis<'_>) -> Scene {
    let mut scene = Scene::new(
        "Microservices",
        "Which service calls which, and what protects the call?",
    );
    let model = analysis.model;
    let mut places: BTreeMap<NodeId, usize> = BTreeMap::new();
    if !model.entry_points.is_empty() {
        let outside = internet(&mut scene);
        for door in model.entry_points.iter().filter(|door| !door.internal) {
            let at = entry(&mut scene, door);
            places.insert(door.id.clone(), at);
            let state = door_state(analysis, &door.id);
            scene.link(Link {
                from: outside,
                to: at,
                label: String::new(),
                state,
            });
        }
    }
    for node in &model.workloads {
        let at = workload(&mut scene, analysis, node);
        places.insert(node.id.clone(), at);
    }
    for node in &model.datasets {
        let at = dataset(&mut scene, node);
        places.insert(node.id.clone(), at);
    }
    for door in analysis.exposure.doors() {
        if let (Some(from), Some(to)) = (places.get(&door.entry), places.get(&door.workload)) {
            let state = door_state(analysis, &door.entry);
            scene.link(Link {
                from: *from,
                to: *to,
                label: String::new(),
                state,
            });
        }
    }
    for edge in &model.edges {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else {
            continue;
        };
        let (label, state) = match (edge.kind, &edge.flow) {
            (EdgeKind::Flow, Some(flow)) if flow.state == FlowState::Declared => {
                let port = flow.port.map_or_else(String::new, |port| {
                    format!("{} {port}", flow.protocol.name())
                });
                (port, flow_state(analysis, &edge.from, &edge.to, flow.port))
            }
            (EdgeKind::Reads | EdgeKind::Writes, _) => (String::new(), LinkState::Relation),
            _ => continue,
        };
        scene.link(Link {
            from: *from,
            to: *to,
            label,
            state,
        });
    }
    delivery(&mut scene, model);
    scene
}

/// What builds and deploys, each with how much of it; arrows to every workload would hide the calls.
fn delivery(scene: &mut Scene, model: &Model) {
    let targets = |id: &NodeId, kind: EdgeKind| {
        let edges = model.edges.iter();
        let own = edges.filter(|edge| edge.kind == kind && edge.from == *id);
        own.map(|edge| &edge.to).collect::<BTreeSet<_>>().len()
    };
    for pipeline in model.pipelines.iter().filter(|it| it.build.is_none()) {
        let built = targets(&pipeline.id, EdgeKind::Builds);
        let deployed = targets(&pipeline.id, EdgeKind::Deploys);
        let detail = format!("builds {built} · deploys {deployed}");
        deliverer(scene, &pipeline.id, &pipeline.name, detail);
    }
    for control in &model.controls {
        if let ControlKind::Reconciler { .. } = control.kind {
            let deployed = targets(&control.id, EdgeKind::Deploys);
            let detail = format!("{} · deploys {deployed}", control.kind_name);
            deliverer(scene, &control.id, &control.name, detail);
        }
    }
}

fn deliverer(scene: &mut Scene, id: &NodeId, label: &str, detail: String) {
    let zone = scene.zone("zone:delivery", "delivery");
    scene.add(SceneNode {
        id: id.to_string(),
        label: label.to_owned(),
        detail,
        shape: Shape::Pipeline,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: false,
    });
}

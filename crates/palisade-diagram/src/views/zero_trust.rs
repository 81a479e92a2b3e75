//! Paths from the internet to data: only what lies on one.

use std::collections::{BTreeMap, BTreeSet};

use palisade_analysis::Analysis;
use palisade_analysis::exposure::AuthState;
use palisade_model::{EdgeKind, MtlsMode, NodeId, Port};

use super::{dataset, entry, internet, workload};
use crate::scene::{Link, LinkState, Scene};

/// Builds the view.
pub(crate) fn scene(analysis: &Analysis<'_>) -> Scene {
    let question =
        "What can be reached from the internet, hop by hop, and where is an identity asked for?";
    let mut scene = Scene::new("Zero trust", question);
    let model = analysis.model;
    let outside = internet(&mut scene);
    let mut places: BTreeMap<NodeId, usize> = BTreeMap::new();
    let mut open: Vec<NodeId> = Vec::new();
    for door in analysis.exposure.doors() {
        let Some(point) = model
            .entry_points
            .iter()
            .find(|point| point.id == door.entry)
        else {
            continue;
        };
        let Some(target) = model.workload(&door.workload) else {
            continue;
        };
        let state = door_state(analysis, &door.entry);
        let from = *places
            .entry(point.id.clone())
            .or_insert_with(|| entry(&mut scene, point));
        let to = *places
            .entry(target.id.clone())
            .or_insert_with(|| workload(&mut scene, analysis, target));
        scene.link(Link {
            from: outside,
            to: from,
            label: String::new(),
            state,
        });
        scene.link(Link {
            from,
            to,
            label: String::new(),
            state,
        });
        open.push(target.id.clone());
    }
    follow(analysis, &mut scene, &mut places, open);
    scene
}

/// Follows declared flows and uses of data from what is reached so far.
fn follow(
    analysis: &Analysis<'_>,
    scene: &mut Scene,
    places: &mut BTreeMap<NodeId, usize>,
    mut open: Vec<NodeId>,
) {
    let model = analysis.model;
    let mut done: BTreeSet<NodeId> = BTreeSet::new();
    while let Some(current) = open.pop() {
        if !done.insert(current.clone()) {
            continue;
        }
        let Some(from) = places.get(&current).copied() else {
            continue;
        };
        for edge in model.edges.iter().filter(|edge| edge.from == current) {
            let flow = edge.flow.as_ref();
            let state = match edge.kind {
                EdgeKind::Flow => flow_state(
                    analysis,
                    &edge.from,
                    &edge.to,
                    flow.and_then(|flow| flow.port),
                ),
                EdgeKind::Reads | EdgeKind::Writes => LinkState::Relation,
                _ => continue,
            };
            let to = if let Some(target) = model.workload(&edge.to) {
                open.push(target.id.clone());
                *places
                    .entry(target.id.clone())
                    .or_insert_with(|| workload(scene, analysis, target))
            } else if let Some(target) = model.datasets.iter().find(|node| node.id == edge.to) {
                *places
                    .entry(target.id.clone())
                    .or_insert_with(|| dataset(scene, target))
            } else {
                continue;
            };
            let port = flow
                .and_then(|flow| flow.port)
                .map_or_else(String::new, |port| port.to_string());
            scene.link(Link {
                from,
                to,
                label: port,
                state,
            });
        }
    }
}

/// What a door asks of a caller.
pub(super) fn door_state(analysis: &Analysis<'_>, entry: &NodeId) -> LinkState {
    let mut doors = analysis
        .exposure
        .doors()
        .iter()
        .filter(|door| door.entry == *entry)
        .peekable();
    if doors.peek().is_none() {
        return LinkState::Optional;
    }
    if doors.all(|door| matches!(door.authenticated, AuthState::Authenticated(_))) {
        LinkState::Protected
    } else {
        LinkState::Open
    }
}

/// What protects a call: mutual TLS as the server side asks for it, if the caller is in a mesh.
pub(super) fn flow_state(
    analysis: &Analysis<'_>,
    from: &NodeId,
    to: &NodeId,
    port: Option<Port>,
) -> LinkState {
    let caller = analysis
        .model
        .workload(from)
        .is_some_and(|node| node.mesh.is_member());
    let callee = analysis
        .model
        .workload(to)
        .is_some_and(|node| node.mesh.is_member());
    if !callee {
        return LinkState::Open;
    }
    match analysis.mesh.mtls(to, port).mode {
        MtlsMode::Strict => LinkState::Protected,
        MtlsMode::Permissive | MtlsMode::Unset if caller => LinkState::Optional,
        MtlsMode::Disable | MtlsMode::Permissive | MtlsMode::Unset => LinkState::Open,
    }
}

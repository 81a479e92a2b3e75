//! Puts the facts of all files together into one model: merged, linked and sorted.

mod activity;
mod data;
mod delivery;
mod detections;
mod doors;
mod edges;
mod flows;
mod guards;
mod identities;
mod images;
mod membership;
mod merge;
mod named_peers;
mod servers;
mod zones;

use palisade_model::{Actor, Diagnostic, Model, NodeId, NodeKind, SCHEMA_VERSION};

use crate::facts::Facts;
use crate::formats::kubernetes::{admission, entries};

/// The finished model, and what was noticed while finishing it.
pub(crate) fn finish(mut facts: Facts) -> (Model, Vec<Diagnostic>) {
    admission::bind(&mut facts);
    detections::answer(&mut facts);
    servers::resolve(&mut facts);
    let deployments = activity::Deployments::of(&facts.model);
    merge::merge(&mut facts);
    // Routes are attached to, and doors made of, what is left.
    entries::finish(&mut facts);
    named_peers::resolve(&mut facts);
    doors::add(&mut facts.model);
    merge::doors(&mut facts.model);
    facts.model.schema_version = SCHEMA_VERSION;
    zones::add(&mut facts.model);
    membership::resolve(&mut facts.model);
    identities::add(&mut facts.model);
    images::add(&mut facts.model);
    data::add(&mut facts);
    deployments.decide(&mut facts.model);
    add_internet(&mut facts.model);
    // Nodes are looked up by id while edges are made.
    sort(&mut facts.model);
    edges::add(&mut facts.model);
    guards::add(&mut facts.model);
    flows::add(&mut facts.model, &facts.config_values);
    facts.model.edges.sort();
    facts.model.edges.dedup();
    (facts.model, facts.diagnostics)
}

fn add_internet(model: &mut Model) {
    let id = NodeId::new(NodeKind::Actor, "internet");
    if !model.actors.iter().any(|actor| actor.id == id) {
        model.actors.push(Actor {
            id,
            name: "internet".to_owned(),
            origin: None,
        });
    }
}

fn sort(model: &mut Model) {
    model.zones.sort_by(|a, b| a.id.cmp(&b.id));
    model.workloads.sort_by(|a, b| a.id.cmp(&b.id));
    model
        .other_declarations
        .sort_by(|a, b| (&a.id, &a.origin).cmp(&(&b.id, &b.origin)));
    model.services.sort_by(|a, b| a.id.cmp(&b.id));
    model.entry_points.sort_by(|a, b| a.id.cmp(&b.id));
    model.identities.sort_by(|a, b| a.id.cmp(&b.id));
    model.roles.sort_by(|a, b| a.id.cmp(&b.id));
    model.bindings.sort_by(|a, b| a.id.cmp(&b.id));
    model.datasets.sort_by(|a, b| a.id.cmp(&b.id));
    model.secrets.sort_by(|a, b| a.id.cmp(&b.id));
    model
        .config
        .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    model.images.sort_by(|a, b| a.id.cmp(&b.id));
    model.pipelines.sort_by(|a, b| a.id.cmp(&b.id));
    model.controls.sort_by(|a, b| a.id.cmp(&b.id));
    model.actors.sort_by(|a, b| a.id.cmp(&b.id));
}

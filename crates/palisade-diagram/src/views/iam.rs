//! Identities, the workloads that act as them, and what they are granted.

use std::collections::BTreeMap;

use palisade_analysis::Analysis;
use palisade_model::{EdgeKind, Identity, NodeId, Role};

use super::workload;
use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

/// Builds the view.
pub(crate) fn scene(analysis: &Analysis<'_>) -> Scene {
    let question =
        "Who acts as whom, what is granted to them, and who is, or can become, administrator?";
    let mut scene = Scene::new("Identities and grants", question);
    let model = analysis.model;
    let granted: Vec<&NodeId> = model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Grants)
        .map(|edge| &edge.to)
        .collect();
    let mut places: BTreeMap<NodeId, usize> = BTreeMap::new();
    for edge in model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::RunsAs)
    {
        let (Some(runs), Some(identity)) =
            (model.workload(&edge.from), identity_of(analysis, &edge.to))
        else {
            continue;
        };
        let from = *places
            .entry(runs.id.clone())
            .or_insert_with(|| workload(&mut scene, analysis, runs));
        let to = *places
            .entry(identity.id.clone())
            .or_insert_with(|| add_identity(&mut scene, analysis, identity));
        scene.link(Link {
            from,
            to,
            label: "runs as".to_owned(),
            state: LinkState::Relation,
        });
    }
    for identity in model
        .identities
        .iter()
        .filter(|identity| granted.contains(&&identity.id))
    {
        places
            .entry(identity.id.clone())
            .or_insert_with(|| add_identity(&mut scene, analysis, identity));
    }
    link_roles(&mut scene, analysis, &mut places);
    scene
}

/// Adds the roles that are granted, and who holds them.
fn link_roles(scene: &mut Scene, analysis: &Analysis<'_>, places: &mut BTreeMap<NodeId, usize>) {
    let model = analysis.model;
    for edge in model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Grants)
    {
        let Some(role) = model.roles.iter().find(|role| role.id == edge.from) else {
            continue;
        };
        let Some(from) = places.get(&edge.to).copied() else {
            continue;
        };
        let to = *places
            .entry(role.id.clone())
            .or_insert_with(|| add_role(scene, role));
        let state = if is_wildcard(role) {
            LinkState::Sweeping
        } else {
            LinkState::Relation
        };
        scene.link(Link {
            from,
            to,
            label: "is granted".to_owned(),
            state,
        });
    }
}

fn identity_of<'m>(analysis: &Analysis<'m>, id: &NodeId) -> Option<&'m Identity> {
    analysis
        .model
        .identities
        .iter()
        .find(|identity| identity.id == *id)
}

fn add_identity(scene: &mut Scene, analysis: &Analysis<'_>, identity: &Identity) -> usize {
    let zone = scene.zone("zone:identities", "identities");
    let administrator = analysis
        .privileges
        .administrators()
        .iter()
        .any(|one| one.identity == identity.id);
    let detail = identity.namespace.as_ref().map_or_else(
        || {
            identity
                .id
                .name()
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        },
        |namespace| format!("account · {namespace}"),
    );
    scene.add(SceneNode {
        id: identity.id.to_string(),
        label: identity.name.clone(),
        detail: if administrator {
            format!("admin · {detail}")
        } else {
            detail
        },
        shape: Shape::Identity,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: administrator,
    })
}

fn add_role(scene: &mut Scene, role: &Role) -> usize {
    let zone = scene.zone("zone:roles", "roles");
    scene.add(SceneNode {
        id: role.id.to_string(),
        label: role.name.clone(),
        detail: role
            .namespace
            .as_ref()
            .map_or_else(|| "ClusterRole".to_owned(), |name| format!("Role · {name}")),
        shape: Shape::Role,
        zone: Some(zone),
        badges: Vec::new(),
        alarming: is_wildcard(role),
    })
}

fn is_wildcard(role: &Role) -> bool {
    let star = |words: &[String]| words.iter().any(|word| word == "*");
    role.name == "cluster-admin"
        || role
            .rules
            .iter()
            .any(|rule| star(&rule.verbs) && star(&rule.resources))
}

//! Istio's objects: who may call whom, how peers prove themselves, and what comes in and goes out.

mod authorization;
mod gateway;
mod peers;
mod telemetry;
mod traffic;

use palisade_document::Value;
use palisade_model::{MeshScope, Port, Selector, TargetRef};

use crate::facts::Facts;
use crate::object::{Object, labels};

pub(super) use self::authorization::authorization_policy;
pub(super) use self::gateway::{gateway, virtual_service};
pub(super) use self::peers::{peer_authentication, request_authentication};
pub(super) use self::telemetry::telemetry;
pub(super) use self::traffic::{destination_rule, service_entry, sidecar};

/// Which workloads a policy is about; `None`, after a warning, when its selector is broken.
fn scope(object: &Object<'_>, facts: &mut Facts) -> Option<MeshScope> {
    let selector = match object.at(&["spec", "selector"]) {
        Some(value) => Some(object.selector(value, facts)?),
        None => None,
    };
    Some(scope_of(object, selector, facts))
}

/// As [`scope`], for the kinds that call it `workloadSelector` and write its labels directly.
fn workload_scope(object: &Object<'_>, facts: &Facts) -> MeshScope {
    let selector = object
        .at(&["spec", "workloadSelector", "labels"])
        .map(|pairs| Selector::from_labels(&labels(pairs)));
    scope_of(object, selector, facts)
}

fn scope_of(object: &Object<'_>, selector: Option<Selector>, facts: &Facts) -> MeshScope {
    let one = object.at(&["spec", "targetRef"]);
    let many = object.items(&["spec", "targetRefs"]);
    let targets = one
        .into_iter()
        .chain(many)
        .filter_map(|target| {
            Some(TargetRef {
                kind: target.get("kind")?.to_text()?,
                name: target.get("name")?.to_text()?,
            })
        })
        .collect();
    MeshScope {
        namespace: object.namespace().to_owned(),
        root: object.namespace() == facts.mesh_root,
        selector,
        targets,
    }
}

/// The texts of a list, without their places.
fn plain_texts<'d>(object: &Object<'d>, part: Value<'d>, path: &[&str]) -> Vec<String> {
    object
        .texts_in(part, path)
        .into_iter()
        .map(|fact| fact.value)
        .collect()
}

/// A port from a number or from a text that is one.
fn port(value: Value<'_>) -> Option<Port> {
    value.to_text()?.parse().ok().and_then(Port::new)
}

/// Says that a word is none of those that its place allows.
fn unknown_word(object: &Object<'_>, value: Value<'_>, expected: &str, facts: &mut Facts) {
    let written = value.to_text().unwrap_or_default();
    facts.warn(
        object.origin_of(value),
        format!("`{written}` is not known here: expected {expected}"),
    );
}

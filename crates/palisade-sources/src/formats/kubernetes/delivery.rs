//! Objects that reconcile code with the cluster: Argo CD and Flux.

use palisade_document::Value;
use palisade_model::{ControlKind, DeployPath, Fact};

use crate::facts::Facts;
use crate::object::Object;
use crate::paths;

/// Reads an Application of Argo CD.
pub(super) fn application(object: &Object<'_>, facts: &mut Facts) {
    argo(object, &[], facts);
}

/// Reads an `ApplicationSet` of Argo CD by its template.
pub(super) fn application_set(object: &Object<'_>, facts: &mut Facts) {
    argo(object, &["spec", "template"], facts);
}

fn argo(object: &Object<'_>, inside: &[&str], facts: &mut Facts) {
    let Some(whole) = object.at(inside) else {
        return;
    };
    let heals = object.flag_in(whole, &["spec", "syncPolicy", "automated", "selfHeal"]);
    let one = whole.at(&["spec", "source"]);
    let more = whole.at(&["spec", "sources"]).into_iter();
    let sources = one.into_iter().chain(more.flat_map(Value::items));
    let control = object.control(ControlKind::Reconciler {
        self_heals: heals.is_some_and(|fact| fact.value),
        destination: fixed(object, whole, &["spec", "destination", "namespace"])
            .map(|fact| fact.value),
        sources: sources
            .filter_map(|source| argo_source(object, source))
            .collect(),
    });
    facts.model.controls.push(control);
}

fn argo_source<'d>(object: &Object<'d>, source: Value<'d>) -> Option<Fact<DeployPath>> {
    if let Some(chart) = fixed(object, source, &["chart"]) {
        return Some(Fact::new(DeployPath::Elsewhere(chart.value), chart.origin));
    }
    Some(repository(fixed(object, source, &["path"])?))
}

/// Reads a Kustomization of Flux: it undoes drift unless it is suspended.
pub(super) fn kustomization(object: &Object<'_>, facts: &mut Facts) {
    let suspended = object.flag(&["spec", "suspend"]);
    let path = fixed(object, object.value, &["spec", "path"]);
    let control = object.control(ControlKind::Reconciler {
        self_heals: !suspended.is_some_and(|fact| fact.value),
        destination: fixed(object, object.value, &["spec", "targetNamespace"])
            .map(|fact| fact.value),
        sources: path.map(repository).into_iter().collect(),
    });
    facts.model.controls.push(control);
}

/// Reads a `HelmRelease` of Flux: it undoes drift only where it is told to.
pub(super) fn helm_release(object: &Object<'_>, facts: &mut Facts) {
    let suspended = object.flag(&["spec", "suspend"]);
    let mode = object.text(&["spec", "driftDetection", "mode"]);
    let told = mode.is_some_and(|mode| mode.value == "enabled");
    let own = || object.namespace().to_owned();
    let target = fixed(object, object.value, &["spec", "targetNamespace"]);
    let control = object.control(ControlKind::Reconciler {
        self_heals: told && !suspended.is_some_and(|fact| fact.value),
        destination: Some(target.map_or_else(own, |fact| fact.value)),
        sources: chart(object).into_iter().collect(),
    });
    facts.model.controls.push(control);
}

/// A chart of a Git repository is a folder; any other comes from a registry.
fn chart(object: &Object<'_>) -> Option<Fact<DeployPath>> {
    let Some(chart) = fixed(object, object.value, &["spec", "chart", "spec", "chart"]) else {
        let name = object.text(&["spec", "chartRef", "name"])?;
        return Some(Fact::new(DeployPath::Elsewhere(name.value), name.origin));
    };
    let kind = object.text(&["spec", "chart", "spec", "sourceRef", "kind"]);
    if kind.is_some_and(|kind| matches!(kind.value.as_str(), "GitRepository" | "Bucket")) {
        return Some(repository(chart));
    }
    Some(Fact::new(DeployPath::Elsewhere(chart.value), chart.origin))
}

fn repository(path: Fact<String>) -> Fact<DeployPath> {
    let folder = paths::joined("", &path.value).unwrap_or(path.value);
    Fact::new(DeployPath::Repository(folder), path.origin)
}

/// A text that is written out, and no parameter of a template.
fn fixed<'d>(object: &Object<'d>, part: Value<'d>, path: &[&str]) -> Option<Fact<String>> {
    let text = object.text_in(part, path)?;
    (!text.value.is_empty() && !text.value.contains(['{', '$'])).then_some(text)
}

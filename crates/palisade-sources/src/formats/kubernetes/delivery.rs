//! Objects that reconcile code with the cluster: Argo CD and Flux.

use palisade_model::ControlKind;

use crate::facts::Facts;
use crate::object::Object;

/// Reads an Application of Argo CD.
pub(super) fn application(object: &Object<'_>, facts: &mut Facts) {
    argo(object, &[], facts);
}

/// Reads an `ApplicationSet` of Argo CD by its template.
pub(super) fn application_set(object: &Object<'_>, facts: &mut Facts) {
    argo(object, &["spec", "template"], facts);
}

fn argo(object: &Object<'_>, inside: &[&str], facts: &mut Facts) {
    let path = |rest: &[&'static str]| -> Vec<String> {
        inside
            .iter()
            .chain(rest)
            .map(|key| (*key).to_owned())
            .collect()
    };
    let heals = path(&["spec", "syncPolicy", "automated", "selfHeal"]);
    let namespace = path(&["spec", "destination", "namespace"]);
    let heals: Vec<&str> = heals.iter().map(String::as_str).collect();
    let namespace: Vec<&str> = namespace.iter().map(String::as_str).collect();
    let control = object.control(ControlKind::Reconciler {
        self_heals: object.flag(&heals).is_some_and(|fact| fact.value),
        destination: fixed(object, &namespace),
    });
    facts.model.controls.push(control);
}

/// Reads a Kustomization of Flux: it undoes drift unless it is suspended.
pub(super) fn kustomization(object: &Object<'_>, facts: &mut Facts) {
    let suspended = object.flag(&["spec", "suspend"]);
    let control = object.control(ControlKind::Reconciler {
        self_heals: !suspended.is_some_and(|fact| fact.value),
        destination: fixed(object, &["spec", "targetNamespace"]),
    });
    facts.model.controls.push(control);
}

/// Reads a `HelmRelease` of Flux: it undoes drift only where it is told to.
pub(super) fn helm_release(object: &Object<'_>, facts: &mut Facts) {
    let suspended = object.flag(&["spec", "suspend"]);
    let mode = object.text(&["spec", "driftDetection", "mode"]);
    let told = mode.is_some_and(|mode| mode.value == "enabled");
    let own = || object.namespace().to_owned();
    let control = object.control(ControlKind::Reconciler {
        self_heals: told && !suspended.is_some_and(|fact| fact.value),
        destination: Some(fixed(object, &["spec", "targetNamespace"]).unwrap_or_else(own)),
    });
    facts.model.controls.push(control);
}

/// A namespace that is written out, and no parameter of a template.
fn fixed(object: &Object<'_>, path: &[&str]) -> Option<String> {
    let text = object.text(path)?.value;
    (!text.is_empty() && !text.contains(['{', '$'])).then_some(text)
}

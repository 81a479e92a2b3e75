//! Policies that run at admission: Kyverno, Gatekeeper, Sigstore, and Kubernetes itself.

use palisade_document::Value;
use palisade_model::{AdmissionPolicy, Control, ControlKind, Enforcement, Fact};

use crate::facts::Facts;
use crate::object::Object;

/// Reads a `ClusterPolicy` or Policy of Kyverno. One that only changes or makes objects is no guard.
pub(super) fn kyverno(object: &Object<'_>, facts: &mut Facts) {
    let rules = object.items(&["spec", "rules"]);
    let verifies_images = rules.iter().any(|rule| rule.get("verifyImages").is_some());
    let validates = rules.iter().any(|rule| rule.get("validate").is_some());
    if !verifies_images && !validates {
        return;
    }
    let whole = object.text(&["spec", "validationFailureAction"]);
    let of_rules = rules.iter().flat_map(|rule| rule_actions(object, *rule));
    let actions: Vec<Fact<String>> = whole.into_iter().chain(of_rules).collect();
    let refuses = |fact: &&Fact<String>| fact.value.eq_ignore_ascii_case("enforce");
    let enforcement = match (actions.iter().find(refuses), actions.first()) {
        (Some(fact), _) => Fact::new(Enforcement::Deny, fact.origin.clone()),
        (None, Some(fact)) => Fact::new(Enforcement::Audit, fact.origin.clone()),
        // Nothing said means `Audit`.
        (None, None) => Fact::new(Enforcement::Audit, object.whole()),
    };
    let kinds = rules.iter().flat_map(|rule| kyverno_kinds(*rule));
    let policy = AdmissionPolicy {
        engine: "kyverno".to_owned(),
        enforcement,
        verifies_images,
        kinds: sorted(kinds),
    };
    let kind = ControlKind::Admission(policy);
    let control = match object.kind.as_str() {
        "Policy" => object.control(kind),
        _ => object.cluster_control(kind),
    };
    facts.model.controls.push(control);
}

fn rule_actions(object: &Object<'_>, rule: Value<'_>) -> Vec<Fact<String>> {
    let validate = object.text_in(rule, &["validate", "failureAction"]);
    let verify = rule.get("verifyImages").into_iter().flat_map(Value::items);
    let verify = verify.filter_map(|item| object.text_in(item, &["failureAction"]));
    validate.into_iter().chain(verify).collect()
}

fn kyverno_kinds(rule: Value<'_>) -> Vec<String> {
    let Some(matching) = rule.get("match") else {
        return Vec::new();
    };
    let listed = ["any", "all"]
        .into_iter()
        .filter_map(|key| matching.get(key));
    let parts = listed.flat_map(Value::items).chain([matching]);
    let kinds = parts.filter_map(|part| part.at(&["resources", "kinds"]));
    kinds.flat_map(texts).collect()
}

/// Reads a `ValidatingPolicy` or `ImageValidatingPolicy` of Kyverno: they refuse unless they say otherwise.
pub(super) fn kyverno_validating(object: &Object<'_>, facts: &mut Facts) {
    let enforcement = validation_actions(object);
    let rules = object.items(&["spec", "matchConstraints", "resourceRules"]);
    let resources = rules.iter().filter_map(|rule| rule.get("resources"));
    let policy = AdmissionPolicy {
        engine: "kyverno".to_owned(),
        enforcement,
        verifies_images: object.kind.starts_with("Image"),
        kinds: sorted(resources.flat_map(texts)),
    };
    let kind = ControlKind::Admission(policy);
    facts
        .model
        .controls
        .push(if object.kind.starts_with("Namespaced") {
            object.control(kind)
        } else {
            object.cluster_control(kind)
        });
}

/// Reads a `ValidatingAdmissionPolicyBinding`: without one its policy does nothing.
pub(super) fn binding(object: &Object<'_>, facts: &mut Facts) {
    let policy = AdmissionPolicy {
        engine: "kubernetes".to_owned(),
        enforcement: validation_actions(object),
        verifies_images: false,
        kinds: Vec::new(),
    };
    facts.model.controls.push(cluster(object, policy));
}

fn validation_actions(object: &Object<'_>) -> Fact<Enforcement> {
    let Some(list) = object.at(&["spec", "validationActions"]) else {
        return Fact::new(Enforcement::Deny, object.whole());
    };
    let refuses = texts(list).iter().any(|action| action == "Deny");
    let enforcement = if refuses {
        Enforcement::Deny
    } else {
        Enforcement::Audit
    };
    Fact::new(enforcement, object.origin_of(list))
}

/// Reads a constraint of Gatekeeper, whatever its kind: it refuses unless it says otherwise.
pub(super) fn gatekeeper(object: &Object<'_>, facts: &mut Facts) {
    let action = object.text(&["spec", "enforcementAction"]);
    let enforcement = match action {
        Some(fact) if matches!(fact.value.as_str(), "dryrun" | "warn") => {
            Fact::new(Enforcement::Audit, fact.origin)
        }
        Some(fact) => Fact::new(Enforcement::Deny, fact.origin),
        None => Fact::new(Enforcement::Deny, object.whole()),
    };
    let groups = object.items(&["spec", "match", "kinds"]);
    let kinds = groups.iter().filter_map(|group| group.get("kinds"));
    let policy = AdmissionPolicy {
        engine: "gatekeeper".to_owned(),
        enforcement,
        verifies_images: false,
        kinds: sorted(kinds.flat_map(texts)),
    };
    facts.model.controls.push(cluster(object, policy));
}

/// Reads a `ClusterImagePolicy` of Sigstore's policy controller.
pub(super) fn image_policy(object: &Object<'_>, facts: &mut Facts) {
    let enforcement = match object.text(&["spec", "mode"]) {
        Some(fact) if fact.value == "warn" => Fact::new(Enforcement::Audit, fact.origin),
        Some(fact) => Fact::new(Enforcement::Deny, fact.origin),
        None => Fact::new(Enforcement::Deny, object.whole()),
    };
    let policy = AdmissionPolicy {
        engine: "policy-controller".to_owned(),
        enforcement,
        verifies_images: true,
        kinds: vec!["Pod".to_owned()],
    };
    facts.model.controls.push(cluster(object, policy));
}

fn cluster(object: &Object<'_>, policy: AdmissionPolicy) -> Control {
    object.cluster_control(ControlKind::Admission(policy))
}

fn texts(list: Value<'_>) -> Vec<String> {
    let text = |item: Value<'_>| item.as_str().map(str::to_owned);
    list.items().filter_map(text).collect()
}

fn sorted(kinds: impl Iterator<Item = String>) -> Vec<String> {
    let mut kinds: Vec<String> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

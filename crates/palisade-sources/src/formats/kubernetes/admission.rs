//! Policies that run at admission: Kyverno, Gatekeeper, Sigstore, and Kubernetes itself.

use palisade_document::Value;
use palisade_model::{AdmissionPolicy, Control, ControlKind, Enforcement, Fact, NodeId, NodeKind};

use crate::facts::Facts;
use crate::object::Object;

/// Reads a `ClusterPolicy` or Policy of Kyverno. One that only changes or makes objects is no guard.
///
/// Rules that refuse and rules that only report are guards of their own: the first are the policy,
/// each of the others is named beside it.
pub(super) fn kyverno(object: &Object<'_>, facts: &mut Facts) {
    let whole = object.text(&["spec", "validationFailureAction"]);
    let rules: Vec<Rule<'_>> = object
        .items(&["spec", "rules"])
        .into_iter()
        .filter_map(|rule| kyverno_rule(object, rule, whole.as_ref()))
        .collect();
    let (refusing, reporting): (Vec<&Rule<'_>>, Vec<&Rule<'_>>) = rules
        .iter()
        .partition(|rule| rule.enforcement.value == Enforcement::Deny);
    let groups: Vec<Vec<&Rule<'_>>> = if refusing.is_empty() {
        vec![reporting]
    } else {
        let single = reporting.into_iter().map(|rule| vec![rule]);
        std::iter::once(refusing).chain(single).collect()
    };
    for (number, group) in groups.iter().enumerate() {
        let Some(first) = group.first() else {
            continue;
        };
        let kind = ControlKind::Admission(AdmissionPolicy {
            engine: "kyverno".to_owned(),
            enforcement: first.enforcement.clone(),
            verifies_images: group.iter().any(|rule| rule.verifies_images),
            kinds: sorted(group.iter().flat_map(|rule| kyverno_kinds(rule.value))),
        });
        let mut control = match object.kind.as_str() {
            "Policy" => object.control(kind),
            _ => object.cluster_control(kind),
        };
        if number > 0 {
            let id = format!("{}#{}", control.id.name(), first.name);
            control.id = NodeId::new(NodeKind::Control, &id);
            control.name = format!("{}#{}", control.name, first.name);
        }
        facts.model.controls.push(control);
    }
    if rules
        .iter()
        .any(|rule| rule.enforcement.value == Enforcement::Deny)
    {
        overrides(object, facts);
    }
}

/// Namespaces in which a policy that refuses elsewhere only reports.
fn overrides(object: &Object<'_>, facts: &mut Facts) {
    let of_rules = object.items(&["spec", "rules"]).into_iter();
    let of_rules = of_rules.filter_map(|rule| rule.at(&["validate", "failureActionOverrides"]));
    let whole = object.at(&["spec", "validationFailureActionOverrides"]);
    let items = whole.into_iter().chain(of_rules).flat_map(Value::items);
    for (number, item) in items.enumerate() {
        let Some(action) = object.text_in(item, &["action"]) else {
            continue;
        };
        if action.value.eq_ignore_ascii_case("enforce") {
            continue;
        }
        let kind = ControlKind::Admission(AdmissionPolicy {
            engine: "kyverno".to_owned(),
            enforcement: Fact::new(Enforcement::Audit, action.origin),
            verifies_images: false,
            kinds: Vec::new(),
        });
        let mut control = match object.kind.as_str() {
            "Policy" => object.control(kind),
            _ => object.cluster_control(kind),
        };
        let id = format!("{}#override-{}", control.id.name(), number + 1);
        control.id = NodeId::new(NodeKind::Control, &id);
        let named = object.texts_in(item, &["namespaces"]).into_iter();
        let named: Vec<String> = named.map(|fact| fact.value).collect();
        control.name = format!("{} in {}", control.name, named.join(", "));
        facts.model.controls.push(control);
    }
}

/// A rule that checks something.
struct Rule<'d> {
    value: Value<'d>,
    name: String,
    enforcement: Fact<Enforcement>,
    verifies_images: bool,
}

fn kyverno_rule<'d>(
    object: &Object<'d>,
    rule: Value<'d>,
    whole: Option<&Fact<String>>,
) -> Option<Rule<'d>> {
    let verifies_images = rule.get("verifyImages").is_some();
    if !verifies_images && rule.get("validate").is_none() {
        return None;
    }
    let own = object.text_in(rule, &["validate", "failureAction"]);
    let verify = rule.get("verifyImages").into_iter().flat_map(Value::items);
    let mut verify = verify.filter_map(|item| object.text_in(item, &["failureAction"]));
    let said = own.or_else(|| verify.next()).or_else(|| whole.cloned());
    let enforcement = match object.flag(&["spec", "admission"]) {
        // The policy runs over what is there already, and not at admission.
        Some(fact) if !fact.value => Fact::new(Enforcement::Audit, object.spec_origin()),
        _ => match said {
            Some(fact) if fact.value.eq_ignore_ascii_case("enforce") => {
                Fact::new(Enforcement::Deny, fact.origin)
            }
            Some(fact) => Fact::new(Enforcement::Audit, fact.origin),
            // Nothing said means `Audit`.
            None => Fact::new(Enforcement::Audit, object.spec_origin()),
        },
    };
    let name = object.text_in(rule, &["name"]).map(|fact| fact.value);
    Some(Rule {
        value: rule,
        name: name.unwrap_or_default(),
        enforcement,
        verifies_images,
    })
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
    let policy = AdmissionPolicy {
        engine: "kyverno".to_owned(),
        enforcement,
        verifies_images: object.kind.contains("ImageValidating"),
        kinds: resource_kinds(&rules),
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

/// A `ValidatingAdmissionPolicy`, which does nothing until a binding names it.
#[derive(Debug)]
pub(crate) struct UnboundPolicy {
    control: Control,
    kinds: Vec<String>,
}

/// A `ValidatingAdmissionPolicyBinding`.
#[derive(Debug)]
pub(crate) struct PolicyBinding {
    control: Control,
    policy: Option<Fact<String>>,
    enforcement: Fact<Enforcement>,
}

/// Reads a `ValidatingAdmissionPolicy`.
pub(super) fn policy(object: &Object<'_>, facts: &mut Facts) {
    let rules = object.items(&["spec", "matchConstraints", "resourceRules"]);
    let kinds = resource_kinds(&rules);
    let nothing = Fact::new(Enforcement::Unbound, object.whole());
    let control = cluster(object, kubernetes(nothing, kinds.clone()));
    facts
        .unbound_policies
        .push(UnboundPolicy { control, kinds });
}

/// Reads a `ValidatingAdmissionPolicyBinding`: without one its policy does nothing.
pub(super) fn binding(object: &Object<'_>, facts: &mut Facts) {
    let enforcement = validation_actions(object);
    facts.policy_bindings.push(PolicyBinding {
        control: cluster(object, kubernetes(enforcement.clone(), Vec::new())),
        policy: object.text(&["spec", "policyName"]),
        enforcement,
    });
}

fn kubernetes(enforcement: Fact<Enforcement>, kinds: Vec<String>) -> AdmissionPolicy {
    AdmissionPolicy {
        engine: "kubernetes".to_owned(),
        enforcement,
        verifies_images: false,
        kinds,
    }
}

/// Makes guards of policies and their bindings. A policy refuses where any of its bindings does,
/// reports where they only report, and does nothing without one; so does a binding whose policy no
/// file declares.
pub(crate) fn bind(facts: &mut Facts) {
    let bindings = std::mem::take(&mut facts.policy_bindings);
    let policies = std::mem::take(&mut facts.unbound_policies);
    let names = |binding: &PolicyBinding, policy: &UnboundPolicy| {
        let named = binding.policy.as_ref();
        named.is_some_and(|name| name.value == policy.control.name)
    };
    for binding in &bindings {
        if policies.iter().any(|policy| names(binding, policy)) {
            continue;
        }
        let place = binding.policy.as_ref().map(|name| name.origin.clone());
        let place = place.unwrap_or_else(|| binding.control.origin.clone());
        let nothing = Fact::new(Enforcement::Unbound, place.clone());
        let mut control = binding.control.clone();
        control.kind = ControlKind::Admission(kubernetes(nothing, Vec::new()));
        facts.model.controls.push(control);
        facts.note(
            place,
            "no file declares the policy that this binding names, so it enforces nothing here",
        );
    }
    for mut policy in policies {
        let own = bindings.iter().filter(|binding| names(binding, &policy));
        let strongest = own.min_by_key(|binding| binding.enforcement.value);
        if let Some(binding) = strongest {
            let enforcement = binding.enforcement.clone();
            policy.control.kind =
                ControlKind::Admission(kubernetes(enforcement, policy.kinds.clone()));
        }
        facts.model.controls.push(policy.control);
    }
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

/// Where Gatekeeper decides about requests; its other places only look or test.
const ADMISSION_POINTS: [&str; 3] = ["*", "validation.gatekeeper.sh", "vap.k8s.io"];

/// Reads a constraint of Gatekeeper, whatever its kind: it refuses unless it says otherwise.
pub(super) fn gatekeeper(object: &Object<'_>, facts: &mut Facts) {
    let action = object.text(&["spec", "enforcementAction"]);
    let enforcement = match action {
        Some(fact) if fact.value == "scoped" => scoped(object, &fact),
        Some(fact) if fact.value == "deny" => Fact::new(Enforcement::Deny, fact.origin),
        Some(fact) => Fact::new(Enforcement::Audit, fact.origin),
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

/// A scoped constraint refuses where one of its actions does so at admission.
fn scoped(object: &Object<'_>, word: &Fact<String>) -> Fact<Enforcement> {
    let actions = object.items(&["spec", "scopedEnforcementActions"]);
    let at_admission = |action: &Value<'_>| {
        let points = action.get("enforcementPoints").into_iter();
        let mut names = points
            .flat_map(Value::items)
            .filter_map(|point| point.get("name")?.to_text());
        names.any(|name| ADMISSION_POINTS.contains(&name.as_str()))
    };
    let said = |action: &Value<'_>| action.get("action").and_then(Value::to_text);
    let refuses = |action: &&Value<'_>| {
        said(action).is_some_and(|word| word == "deny") && at_admission(action)
    };
    match actions.iter().find(refuses) {
        Some(action) => Fact::new(Enforcement::Deny, object.origin_of(*action)),
        None => Fact::new(Enforcement::Audit, word.origin.clone()),
    }
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

/// Kinds of the resources of rules, as far as they run something; empty means any.
fn resource_kinds(rules: &[Value<'_>]) -> Vec<String> {
    const RUNNING: [(&str, &str); 8] = [
        ("cronjobs", "CronJob"),
        ("daemonsets", "DaemonSet"),
        ("deployments", "Deployment"),
        ("jobs", "Job"),
        ("pods", "Pod"),
        ("replicasets", "ReplicaSet"),
        ("replicationcontrollers", "ReplicationController"),
        ("statefulsets", "StatefulSet"),
    ];
    let resources = rules.iter().filter_map(|rule| rule.get("resources"));
    let resources: Vec<String> = resources.flat_map(texts).collect();
    if resources.iter().any(|name| name.starts_with('*')) {
        return Vec::new();
    }
    sorted(resources.into_iter().map(|name| {
        let known = RUNNING.iter().find(|(resource, _)| *resource == name);
        known.map_or(name, |(_, kind)| (*kind).to_owned())
    }))
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

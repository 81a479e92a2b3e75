//! Detection and audit: Tetragon's tracing policies, and the audit policy of the API server.

use palisade_document::Value;
use palisade_model::ControlKind;

use crate::facts::Facts;
use crate::object::Object;

/// Where a tracing policy hooks in.
const HOOKS: [&str; 5] = ["kprobes", "tracepoints", "uprobes", "lsmhooks", "usdts"];

/// Actions that stop what was detected.
const RESPONSES: [&str; 5] = [
    "Sigkill",
    "Signal",
    "Override",
    "NotifyEnforcer",
    "NotifyKiller",
];

/// Reads a `TracingPolicy` of Tetragon.
pub(super) fn tracing_policy(object: &Object<'_>, facts: &mut Facts) {
    let hooks = HOOKS.iter().flat_map(|hook| object.items(&["spec", hook]));
    let listed = |value: Value<'_>, key: &str| -> Vec<String> {
        let found = value.get(key).into_iter().flat_map(Value::items);
        let actions = found.flat_map(|selector| {
            let actions = selector
                .get("matchActions")
                .into_iter()
                .flat_map(Value::items);
            actions.filter_map(|action| action.get("action")?.to_text())
        });
        actions.collect()
    };
    let mut actions = hooks.flat_map(|hook| listed(hook, "selectors"));
    let kind = ControlKind::Detection {
        rules: vec![object.name.clone()],
        responds: actions.any(|action| RESPONSES.contains(&action.as_str())),
    };
    let control = match object.kind.as_str() {
        "TracingPolicyNamespaced" => object.control(kind),
        _ => object.cluster_control(kind),
    };
    facts.model.controls.push(control);
}

/// Reads the audit policy of the API server: it records when any rule has another level than `None`.
pub(super) fn audit_policy(object: &Object<'_>, facts: &mut Facts) {
    let rules = object.items(&["rules"]);
    let records = rules.iter().any(|rule| {
        let level = rule.get("level").and_then(Value::to_text);
        level.is_some_and(|level| level != "None")
    });
    let control = object.cluster_control(ControlKind::AuditPolicy { records });
    facts.model.controls.push(control);
}

/// Reads a `PrometheusRule`; one that only records is no detection.
pub(super) fn prometheus_rule(object: &Object<'_>, facts: &mut Facts) {
    let rules: Vec<String> = object
        .items(&["spec", "groups"])
        .into_iter()
        .filter_map(|group| group.get("rules"))
        .flat_map(Value::items)
        .filter_map(|rule| rule.get("alert")?.to_text())
        .collect();
    if !rules.is_empty() {
        let responds = false;
        let kind = ControlKind::Detection { rules, responds };
        facts.model.controls.push(object.control(kind));
    }
}

/// Reads an object that is a set of rules by itself, such as a `Rulesfile` of the Falco operator.
pub(super) fn named_rule(object: &Object<'_>, facts: &mut Facts) {
    let rules = vec![object.name.clone()];
    let responds = false;
    let kind = ControlKind::Detection { rules, responds };
    facts.model.controls.push(object.control(kind));
}

/// Reads a `KubeArmorPolicy`: blocking, which it does unless told otherwise, is a response.
pub(super) fn kubearmor(object: &Object<'_>, facts: &mut Facts) {
    let action = object.text(&["spec", "action"]);
    let kind = ControlKind::Detection {
        rules: vec![object.name.clone()],
        responds: action.is_none_or(|action| action.value == "Block"),
    };
    facts.model.controls.push(object.control(kind));
}

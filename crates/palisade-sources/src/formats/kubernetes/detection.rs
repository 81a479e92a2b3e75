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

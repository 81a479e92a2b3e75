//! Budgets, autoscalers, limits and quotas.

use palisade_document::Value;
use palisade_model::{ControlKind, Selector};

use crate::facts::Facts;
use crate::object::Object;

/// Reads a PodDisruptionBudget.
pub(super) fn budget(object: &Object<'_>, facts: &mut Facts) {
    let pods = match object.at(&["spec", "selector"]) {
        Some(selector) => object.selector(selector, facts),
        None => Some(Selector::everything()),
    };
    if let Some(pods) = pods {
        let control = object.control(ControlKind::DisruptionBudget { pods });
        facts.model.controls.push(control);
    }
}

/// Reads a HorizontalPodAutoscaler.
pub(super) fn autoscaler(object: &Object<'_>, facts: &mut Facts) {
    let target = |key: &str| {
        object
            .text(&["spec", "scaleTargetRef", key])
            .map(|fact| fact.value)
            .unwrap_or_default()
    };
    let control = object.control(ControlKind::Autoscaler {
        target_kind: target("kind"),
        target_name: target("name"),
        min_replicas: object
            .number(&["spec", "minReplicas"])
            .map(|fact| fact.value),
    });
    facts.model.controls.push(control);
}

/// Reads a LimitRange.
pub(super) fn limits(object: &Object<'_>, facts: &mut Facts) {
    let defaults_limits = object.items(&["spec", "limits"]).iter().any(|limit| {
        let kind = limit.get("type").and_then(Value::as_str);
        kind == Some("Container") && limit.get("default").is_some_and(Value::is_object)
    });
    let control = object.control(ControlKind::LimitRange { defaults_limits });
    facts.model.controls.push(control);
}

/// Reads a ResourceQuota.
pub(super) fn quota(object: &Object<'_>, facts: &mut Facts) {
    let control = object.control(ControlKind::ResourceQuota);
    facts.model.controls.push(control);
}

//! Telemetry: whether the mesh writes access logs and traces.

use palisade_document::Value;
use palisade_model::{ControlKind, Fact, MeshTelemetry};

use super::scope;
use crate::facts::Facts;
use crate::object::Object;

/// Reads a Telemetry.
pub(in crate::formats::kubernetes) fn telemetry(object: &Object<'_>, facts: &mut Facts) {
    let Some(scope) = scope(object, facts) else {
        return;
    };
    let telemetry = MeshTelemetry {
        scope,
        access_logging: signal(object, &["spec", "accessLogging"], "disabled"),
        tracing: signal(object, &["spec", "tracing"], "disableSpanReporting"),
    };
    let control = object.control(ControlKind::Telemetry(telemetry));
    facts.model.controls.push(control);
}

/// On when any entry is not turned off; an entry without a word inherits, which counts as on.
fn signal(object: &Object<'_>, path: &[&str], off: &str) -> Option<Fact<bool>> {
    let list = object.at(path)?;
    let is_off = |item: Value<'_>| item.get(off).and_then(Value::as_bool) == Some(true);
    let first_off = list.items().find(|item| is_off(*item));
    let on = list.items().any(|item| !is_off(item));
    let place = match first_off {
        Some(item) if !on => item,
        _ => list,
    };
    (on || first_off.is_some()).then(|| Fact::new(on, object.origin_of(place)))
}

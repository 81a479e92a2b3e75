//! OpenShift Route.

use palisade_document::Value;
use palisade_model::{Backend, EntryKind, PortRef};

use super::{door, plain, port_ref, secured};
use crate::facts::Facts;
use crate::object::Object;

/// Reads a Route.
pub(in crate::formats::kubernetes) fn route(object: &Object<'_>, facts: &mut Facts) {
    let mut door = door(object, EntryKind::Route);
    let hosts: Vec<String> = object
        .text(&["spec", "host"])
        .map(|fact| fact.value)
        .into_iter()
        .collect();
    if let Some(mode) = object.text(&["spec", "tls", "termination"]) {
        door.listeners.push(secured(hosts.clone(), mode));
        let key = ["spec", "tls", "insecureEdgeTerminationPolicy"];
        if let Some(policy) = object.text(&key).filter(|policy| policy.value != "None") {
            let mut listener = plain("HTTP", hosts.clone(), policy.origin);
            listener.redirects_to_tls = policy.value == "Redirect";
            door.listeners.push(listener);
        }
    } else {
        let listener = plain("HTTP", hosts.clone(), object.spec_origin());
        door.listeners.push(listener);
    }
    // A number here is that of the pods, not of the service, so every port of it counts.
    let port = object
        .at(&["spec", "port", "targetPort"])
        .and_then(port_ref)
        .filter(|port| matches!(port, PortRef::Name(_)));
    let path = object.text(&["spec", "path"]).map(|fact| fact.value);
    let main = object.at(&["spec", "to"]);
    let more = object.items(&["spec", "alternateBackends"]);
    for target in main.into_iter().chain(more) {
        let Some(name) = target.get("name").and_then(Value::to_text) else {
            facts.warn(
                object.origin_of(target),
                "this target of a Route has no name",
            );
            continue;
        };
        door.backends.push(Backend {
            namespace: object.namespace().to_owned(),
            service: name,
            port: port.clone(),
            hosts: hosts.clone(),
            path: path.clone(),
            methods: Vec::new(),
            permitted: true,
            origin: object.origin_of(target),
        });
    }
    facts.model.entry_points.push(door);
}

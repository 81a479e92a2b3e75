//! What a pod, or its namespace, says about its part in a service mesh.

use palisade_document::Value;
use palisade_model::{Fact, MeshMembership, Zone};

use crate::object::Object;

/// What the pod itself says.
pub(super) fn of_pod<'d>(object: &Object<'d>, metadata: Value<'d>) -> MeshMembership {
    let find = |place: &str, key: &str| object.text_in(metadata, &[place, key]);
    let label = |key: &str| find("labels", key);
    let annotation = |key: &str| find("annotations", key);
    let either = |key: &str| label(key).or_else(|| annotation(key));
    let inject = either("sidecar.istio.io/inject").map(|fact| map(fact, |it| it == "true"));
    let revision = label("istio.io/rev").map(|fact| map(fact, |_| true));
    MeshMembership {
        istio_sidecar: inject.or(revision),
        istio_ambient: label("istio.io/dataplane-mode").map(|fact| map(fact, |it| it == "ambient")),
        waypoint: label("istio.io/use-waypoint"),
        linkerd: either("linkerd.io/inject").map(|fact| map(fact, |it| it != "disabled")),
        linkerd_inbound_policy: annotation("config.linkerd.io/default-inbound-policy"),
        excluded_inbound: listed(&[
            annotation("traffic.sidecar.istio.io/excludeInboundPorts"),
            annotation("config.linkerd.io/skip-inbound-ports"),
        ]),
        excluded_outbound: listed(&[
            annotation("traffic.sidecar.istio.io/excludeOutboundPorts"),
            annotation("traffic.sidecar.istio.io/excludeOutboundIPRanges"),
            annotation("config.linkerd.io/skip-outbound-ports"),
        ]),
    }
}

/// What a namespace says to the pods in it.
pub(crate) fn of_namespace(zone: &Zone) -> MeshMembership {
    let label = |key: &str| {
        let text = zone.labels.get(key)?;
        let written = zone.label_facts.iter().find(|fact| fact.value.0 == key);
        let origin = written.map_or(&zone.origin, |fact| &fact.origin);
        Some(Fact::new(text.clone(), origin.clone()))
    };
    let annotation = |key: &str| {
        let text = zone.annotations.get(key)?;
        Some(Fact::new(text.clone(), zone.origin.clone()))
    };
    let injection = label("istio-injection").map(|it| map(it, |it| it == "enabled"));
    let revision = label("istio.io/rev").map(|it| map(it, |_| true));
    MeshMembership {
        istio_sidecar: injection.or(revision),
        istio_ambient: label("istio.io/dataplane-mode").map(|it| map(it, |it| it == "ambient")),
        waypoint: label("istio.io/use-waypoint"),
        linkerd: annotation("linkerd.io/inject").map(|it| map(it, |it| it != "disabled")),
        linkerd_inbound_policy: annotation("config.linkerd.io/default-inbound-policy"),
        excluded_inbound: listed(&[annotation("config.linkerd.io/skip-inbound-ports")]),
        excluded_outbound: listed(&[annotation("config.linkerd.io/skip-outbound-ports")]),
    }
}

fn map(fact: Fact<String>, is: fn(&str) -> bool) -> Fact<bool> {
    Fact::new(is(&fact.value), fact.origin)
}

fn listed(facts: &[Option<Fact<String>>]) -> Vec<Fact<String>> {
    facts
        .iter()
        .flatten()
        .flat_map(|fact| {
            let parts = fact.value.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(|part| Fact::new(part.to_owned(), fact.origin.clone()))
        })
        .collect()
}

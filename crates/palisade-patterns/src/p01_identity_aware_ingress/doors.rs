//! What stands behind a door.

use palisade_model::Workload;

/// Images of ingress controllers and gateways, by a part of their repository.
const PROXIES: [&str; 12] = [
    "ambassador",
    "apisix",
    "contour",
    "emissary",
    "envoy",
    "gateway",
    "haproxy",
    "ingress",
    "kong",
    "nginx-ingress",
    "proxyv2",
    "traefik",
];

/// Whether a workload is itself the proxy of a front door.
pub(super) fn is_proxy(workload: &Workload) -> bool {
    let named = |text: &str| PROXIES.iter().any(|known| text.contains(known));
    workload
        .containers
        .iter()
        .filter_map(|container| container.image.as_ref())
        .any(|image| named(&image.value.repository))
        || workload.name.contains("ingress")
}

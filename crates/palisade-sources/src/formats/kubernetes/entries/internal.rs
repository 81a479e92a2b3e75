//! Load balancers that annotations keep inside the network.

use palisade_model::Labels;

/// Annotations that keep a load balancer inside the network, with the value that says so.
const INTERNAL: &[(&str, &str)] = &[
    ("cloud.google.com/load-balancer-type", "internal"),
    ("networking.gke.io/load-balancer-type", "internal"),
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "true",
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "0.0.0.0/0",
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "internal",
    ),
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        "true",
    ),
    (
        "service.beta.kubernetes.io/oci-load-balancer-internal",
        "true",
    ),
    (
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        "true",
    ),
    (
        "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
        "private",
    ),
];

/// Whether annotations say that a load balancer is reachable only from inside.
pub(crate) fn is_internal(annotations: &Labels) -> bool {
    INTERNAL.iter().any(|(key, value)| {
        annotations
            .get(key)
            .is_some_and(|said| said.eq_ignore_ascii_case(value))
    })
}

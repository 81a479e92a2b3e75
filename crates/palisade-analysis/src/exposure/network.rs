//! Whether network policy lets a door's traffic through to the workload.

use palisade_model::{
    ControlKind, EntryKind, EntryPoint, Model, NetworkAction, NetworkPeer, NetworkPolicy, Port,
    Protocol, Workload,
};

use crate::reachability::Reachability;

/// Parts of image names by which the pods of an ingress controller are known.
const CONTROLLERS: [&str; 7] = [
    "ingress-nginx/controller",
    "nginx-ingress",
    "traefik",
    "haproxy-ingress",
    "kubernetes-ingress",
    "kong",
    "projectcontour/envoy",
];

/// The workloads in the code that implement a door, if it is not the workload's own port.
pub(super) fn gateways<'m>(model: &'m Model, entry: &EntryPoint) -> Vec<&'m Workload> {
    let is_gateway = |workload: &&Workload| match entry.kind {
        EntryKind::IstioGateway => entry
            .gateway_selector
            .as_ref()
            .is_some_and(|selector| selector.matches(&workload.pod_labels)),
        EntryKind::Gateway => {
            workload.namespace == entry.namespace
                && workload
                    .pod_labels
                    .get("gateway.networking.k8s.io/gateway-name")
                    .is_some_and(|name| *name == entry.name)
        }
        EntryKind::Ingress | EntryKind::Route => is_controller(workload),
        EntryKind::LoadBalancer | EntryKind::NodePort | EntryKind::HostPort => false,
    };
    model.workloads.iter().filter(is_gateway).collect()
}

fn is_controller(workload: &Workload) -> bool {
    workload
        .containers
        .iter()
        .filter_map(|container| container.image.as_ref())
        .any(|image| {
            let repository = image.value.repository.as_str();
            CONTROLLERS.iter().any(|known| repository.ends_with(known))
        })
}

/// Whether the traffic gets through: to the pods themselves, or from the pods of the door.
pub(super) fn lets_through(
    reachability: &Reachability<'_>,
    model: &Model,
    gateways: Option<&[&Workload]>,
    (workload, protocol, port): (&Workload, Protocol, Option<Port>),
) -> bool {
    let open = |set: &crate::reachability::ConnectionSet| {
        port.map_or_else(|| !set.is_empty(), |port| set.contains(protocol, port))
    };
    match gateways {
        None => open(&reachability.from_internet(&workload.id)),
        // The door's pods are not in the code: what they may do depends on labels that are not
        // known, so a policy that lets in pods of other namespaces is taken to mean them.
        Some([]) => {
            open(&reachability.from_internet(&workload.id))
                || !reachability.isolation(&workload.id).ingress
                || admits_other_namespaces(model, workload)
        }
        Some(known) => known
            .iter()
            .any(|gateway| open(&reachability.allowed(&gateway.id, &workload.id))),
    }
}

fn admits_other_namespaces(model: &Model, workload: &Workload) -> bool {
    model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Network(policy) if is_about(policy, workload) => Some(policy),
            _ => None,
        })
        .flat_map(|policy| policy.ingress.iter().flatten())
        .filter(|rule| rule.action == NetworkAction::Allow)
        .any(|rule| {
            rule.peers.as_ref().is_none_or(|peers| {
                peers.iter().any(|peer| match peer {
                    NetworkPeer::Pods {
                        namespaces,
                        namespace_names,
                        ..
                    } => namespaces.is_some() || !namespace_names.is_empty(),
                    _ => true,
                })
            })
        })
}

fn is_about(policy: &NetworkPolicy, workload: &Workload) -> bool {
    policy
        .subject
        .namespace
        .as_ref()
        .is_none_or(|namespace| *namespace == workload.namespace)
        && policy.subject.pods.matches(&workload.pod_labels)
}

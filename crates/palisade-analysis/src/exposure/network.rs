//! Whether network policy lets a door's traffic through to the workload.

use std::collections::BTreeMap;

use palisade_model::{
    EntryKind, EntryPoint, Model, NetworkAction, NetworkPeer, Port, Protocol, Selector, Workload,
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

/// The workloads in the code that implement doors.
pub(super) struct Gateways<'m> {
    model: &'m Model,
    controllers: Vec<&'m Workload>,
    by_selector: BTreeMap<&'m Selector, Vec<&'m Workload>>,
}

impl<'m> Gateways<'m> {
    /// Finds them in a model.
    pub(super) fn of(model: &'m Model) -> Self {
        let mut by_selector: BTreeMap<&Selector, Vec<&Workload>> = BTreeMap::new();
        for entry in &model.entry_points {
            if let Some(selector) = &entry.gateway_selector {
                by_selector.entry(selector).or_insert_with(|| {
                    let pods = model.workloads.iter();
                    pods.filter(|workload| selector.matches(&workload.pod_labels))
                        .collect()
                });
            }
        }
        Self {
            model,
            controllers: model
                .workloads
                .iter()
                .filter(|workload| is_controller(workload))
                .collect(),
            by_selector,
        }
    }

    /// Those of one door, if it is not the workload's own port.
    pub(super) fn behind(&self, entry: &EntryPoint) -> Vec<&'m Workload> {
        match entry.kind {
            EntryKind::IstioGateway => {
                let selector = entry.gateway_selector.as_ref();
                let known = selector.and_then(|selector| self.by_selector.get(selector));
                known.cloned().unwrap_or_default()
            }
            EntryKind::Gateway => {
                let own = |workload: &&Workload| {
                    let labels = &workload.pod_labels;
                    labels
                        .get("gateway.networking.k8s.io/gateway-name")
                        .is_some_and(|name| *name == entry.name)
                };
                let pods = self.model.workloads_in(&entry.namespace).iter();
                pods.filter(own).collect()
            }
            EntryKind::Ingress | EntryKind::Route => self.controllers.clone(),
            EntryKind::LoadBalancer | EntryKind::NodePort | EntryKind::HostPort => Vec::new(),
        }
    }
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
                || admits_other_namespaces(reachability, workload)
        }
        Some(known) => known
            .iter()
            .any(|gateway| open(&reachability.allowed(&gateway.id, &workload.id))),
    }
}

fn admits_other_namespaces(reachability: &Reachability<'_>, workload: &Workload) -> bool {
    reachability
        .ingress_policies(&workload.id)
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

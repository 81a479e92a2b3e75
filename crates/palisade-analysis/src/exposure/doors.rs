//! The ways in: from each entry point through its services to ports of workloads.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Backend, Cidr, EntryKind, EntryPoint, Model, NodeId, Port, PortRef, Protocol, Service,
    ServicePort, Workload,
};

use crate::exposure::network::Gateways;
use crate::exposure::{Door, authentication, network};
use crate::mesh::{Caller, MeshView, resolve_port};
use crate::reachability::Reachability;

/// What a search for doors looks at.
pub(super) struct Doors<'a, 'm> {
    model: &'m Model,
    reachability: &'a Reachability<'m>,
    mesh: &'a MeshView<'m>,
    gateways: Gateways<'m>,
    /// Workloads behind each service that selects pods.
    behind: BTreeMap<&'m NodeId, Vec<&'m Workload>>,
}

/// A port of a workload that a door leads to.
type Reached<'m> = (&'m Workload, Protocol, Option<Port>);

impl<'a, 'm> Doors<'a, 'm> {
    /// A search over a model.
    pub(super) fn of(
        model: &'m Model,
        reachability: &'a Reachability<'m>,
        mesh: &'a MeshView<'m>,
    ) -> Self {
        let mut behind: BTreeMap<&NodeId, Vec<&Workload>> = BTreeMap::new();
        for workload in &model.workloads {
            for service in mesh.services_of(workload) {
                let selector = service.selector.as_ref();
                if selector.is_some_and(|selector| !selector.is_everything()) {
                    behind.entry(&service.id).or_default().push(workload);
                }
            }
        }
        Self {
            model,
            reachability,
            mesh,
            gateways: Gateways::of(model),
            behind,
        }
    }

    /// Every door, sorted.
    pub(super) fn all(&self) -> Vec<Door> {
        let mut found = BTreeSet::new();
        let from_outside = self
            .model
            .entry_points
            .iter()
            .filter(|entry| !entry.internal);
        for entry in from_outside {
            let gateways = self.gateways(entry);
            for reached in self.reached(entry) {
                found.insert(self.door(entry, gateways.as_deref(), reached));
            }
        }
        found.into_iter().collect()
    }

    /// The pods of a door; `None` where callers reach the workload's own port.
    fn gateways(&self, entry: &EntryPoint) -> Option<Vec<&'m Workload>> {
        match entry.kind {
            EntryKind::LoadBalancer | EntryKind::NodePort | EntryKind::HostPort => None,
            EntryKind::Ingress
            | EntryKind::Gateway
            | EntryKind::IstioGateway
            | EntryKind::Route => Some(self.gateways.behind(entry)),
        }
    }

    fn reached(&self, entry: &EntryPoint) -> Vec<Reached<'m>> {
        if entry.kind == EntryKind::HostPort {
            return self.host_ports(entry);
        }
        let mut found = Vec::new();
        for backend in entry.backends.iter().filter(|backend| backend.permitted) {
            let service = self.model.service(&backend.namespace, &backend.service);
            let Some(service) = service.filter(|service| !is_private(service)) else {
                continue;
            };
            for port in ports_of(service, backend) {
                found.extend(self.behind(service, port));
            }
        }
        found
    }

    fn host_ports(&self, entry: &EntryPoint) -> Vec<Reached<'m>> {
        self.model
            .workloads_in(&entry.namespace)
            .iter()
            .filter(|workload| workload.name == entry.name)
            .flat_map(|workload| {
                let ports = workload.containers.iter().flat_map(|one| &one.ports);
                ports.map(move |port| (workload, port))
            })
            .filter(|(_, port)| port.host_port.is_some())
            .map(|(workload, port)| (workload, port.protocol, Some(port.port)))
            .collect()
    }

    fn behind(&self, service: &Service, port: &ServicePort) -> Vec<Reached<'m>> {
        let behind = self.behind.get(&service.id).into_iter().flatten();
        behind
            .map(|workload| {
                (
                    *workload,
                    port.protocol,
                    resolve_port(workload, &port.target),
                )
            })
            .collect()
    }

    fn door(
        &self,
        entry: &EntryPoint,
        gateways: Option<&[&Workload]>,
        reached: Reached<'m>,
    ) -> Door {
        let (workload, protocol, port) = reached;
        let network = network::lets_through(self.reachability, gateways, reached);
        Door {
            entry: entry.id.clone(),
            workload: workload.id.clone(),
            port,
            protocol,
            authenticated: authentication::of(self.mesh, entry, gateways, (workload, port)),
            network_allowed: network && self.mesh_admits(gateways, workload, port),
        }
    }

    /// Whether the mesh lets some known gateway call the workload.
    fn mesh_admits(
        &self,
        gateways: Option<&[&Workload]>,
        workload: &Workload,
        port: Option<Port>,
    ) -> bool {
        let (Some(gateways), Some(port)) = (gateways, port) else {
            return true;
        };
        gateways.is_empty()
            || gateways.iter().any(|gateway| {
                let caller = Caller::Workload(&gateway.id);
                self.mesh
                    .authorization(caller, &workload.id, port)
                    .may_pass()
            })
    }
}

/// Ports of a service that a backend names; routes may name the pods' port.
fn ports_of<'s>(service: &'s Service, backend: &Backend) -> Vec<&'s ServicePort> {
    let named = |port: &&ServicePort| match &backend.port {
        None => true,
        Some(PortRef::Number(number)) => port.port == *number,
        Some(PortRef::Name(name)) => port.name.as_ref() == Some(name),
    };
    let found: Vec<&ServicePort> = service.ports.iter().filter(named).collect();
    if found.is_empty() {
        let by_target = |port: &&ServicePort| Some(&port.target) == backend.port.as_ref();
        return service.ports.iter().filter(by_target).collect();
    }
    found
}

/// Whether a load balancer takes only callers with private addresses.
fn is_private(service: &Service) -> bool {
    let private = |text: &str| {
        text.parse::<Cidr>().is_ok_and(|cidr| match cidr.net() {
            ipnet::IpNet::V4(net) => {
                // The narrowest private block is a /16, the widest a /8.
                net.addr().is_private() && net.prefix_len() >= 8
            }
            ipnet::IpNet::V6(net) => net.addr().is_unique_local() && net.prefix_len() >= 7,
        })
    };
    !service.source_ranges.is_empty()
        && service
            .source_ranges
            .iter()
            .all(|range| private(&range.value))
}

//! Doors that services and containers open by themselves.

use palisade_model::{
    Backend, EntryKind, EntryPoint, Labels, Listener, NodeId, NodeKind, Origin, Port, PortRef,
    Protocol, Selector, Service, ServiceKind, ServicePort, Workload,
};

use super::internal::is_internal;
use crate::facts::Facts;

/// Adds a door for each exposed service and each workload with ports on its node.
pub(super) fn add(facts: &mut Facts) {
    let model = &mut facts.model;
    let services = model.services.iter().filter_map(of_service);
    let workloads = model.workloads.iter().filter_map(of_workload);
    let doors: Vec<EntryPoint> = services.chain(workloads).collect();
    model.entry_points.extend(doors);
}

fn of_service(service: &Service) -> Option<EntryPoint> {
    let kind = match service.kind.value {
        ServiceKind::LoadBalancer => EntryKind::LoadBalancer,
        ServiceKind::NodePort => EntryKind::NodePort,
        _ if !service.external_ips.is_empty() => EntryKind::NodePort,
        _ => return None,
    };
    let suffix = match kind {
        EntryKind::LoadBalancer => "LoadBalancer",
        _ => "NodePort",
    };
    let name = format!("{}/{}[{suffix}]", service.namespace, service.name);
    let port_of = |port: &ServicePort| match kind {
        EntryKind::NodePort if service.external_ips.is_empty() => port.node_port,
        _ => Some(port.port),
    };
    Some(EntryPoint {
        id: NodeId::new(NodeKind::EntryPoint, &name),
        name: service.name.clone(),
        namespace: service.namespace.clone(),
        kind,
        listeners: service
            .ports
            .iter()
            .map(|port| listener(port_of(port), port.protocol, &port.origin))
            .collect(),
        backends: service
            .ports
            .iter()
            .map(|port| Backend {
                namespace: service.namespace.clone(),
                service: service.name.clone(),
                port: Some(PortRef::Number(port.port)),
                hosts: Vec::new(),
                path: None,
                methods: Vec::new(),
                permitted: true,
                origin: port.origin.clone(),
            })
            .collect(),
        class: None,
        annotations: service.annotations.clone(),
        gateway_selector: None,
        internal: kind == EntryKind::LoadBalancer && is_internal(&service.annotations),
        origin: service.kind.origin.clone(),
        content: service.content.clone(),
    })
}

fn of_workload(workload: &Workload) -> Option<EntryPoint> {
    let ports = workload
        .containers
        .iter()
        .flat_map(|container| &container.ports);
    let listeners: Vec<Listener> = ports
        .filter_map(|port| Some(listener(Some(port.host_port?), port.protocol, &port.origin)))
        .collect();
    let first = listeners.first()?.origin.clone();
    let name = format!("{}/{}[HostPort]", workload.namespace, workload.name);
    Some(EntryPoint {
        id: NodeId::new(NodeKind::EntryPoint, &name),
        name: workload.name.clone(),
        namespace: workload.namespace.clone(),
        kind: EntryKind::HostPort,
        listeners,
        backends: Vec::new(),
        class: None,
        annotations: Labels::new(),
        gateway_selector: Some(Selector::from_labels(&workload.pod_labels)),
        internal: false,
        origin: first,
        content: workload.content.clone(),
    })
}

fn listener(port: Option<Port>, protocol: Protocol, origin: &Origin) -> Listener {
    Listener {
        port,
        ..super::plain(protocol.name(), Vec::new(), origin.clone())
    }
}

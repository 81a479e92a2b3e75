//! Doors that services and containers open by themselves: load balancers, node and host ports.

use palisade_model::{
    Backend, EntryKind, EntryPoint, Listener, Model, NodeId, NodeKind, PortRef, Selector, Service,
    ServiceKind, Workload,
};

use crate::formats::kubernetes::entries::is_internal;

/// Adds an entry point for every service and workload that is reachable from outside the cluster.
pub(super) fn add(model: &mut Model) {
    let services = model.services.iter().filter_map(of_service);
    let workloads = model.workloads.iter().filter_map(of_workload);
    let doors: Vec<EntryPoint> = services.chain(workloads).collect();
    model.entry_points.extend(doors);
}

fn of_service(service: &Service) -> Option<EntryPoint> {
    let (kind, slug) = match service.kind.value {
        ServiceKind::LoadBalancer => (EntryKind::LoadBalancer, "LoadBalancer"),
        ServiceKind::NodePort => (EntryKind::NodePort, "NodePort"),
        _ if !service.external_ips.is_empty() => (EntryKind::NodePort, "NodePort"),
        _ => return None,
    };
    let listeners = service.ports.iter().map(|port| Listener {
        port: match kind {
            EntryKind::NodePort => port.node_port.or(Some(port.port)),
            _ => Some(port.port),
        },
        protocol: port.protocol.name().to_owned(),
        hosts: Vec::new(),
        tls: None,
        tls_min_version: None,
        redirects_to_tls: false,
        origin: port.origin.clone(),
    });
    let backends = service.ports.iter().map(|port| Backend {
        namespace: service.namespace.clone(),
        service: service.name.clone(),
        port: Some(PortRef::Number(port.port)),
        hosts: Vec::new(),
        path: None,
        methods: Vec::new(),
        permitted: true,
        origin: port.origin.clone(),
    });
    let full_name = format!("{}/{}[{slug}]", service.namespace, service.name);
    Some(EntryPoint {
        id: NodeId::new(NodeKind::EntryPoint, &full_name),
        name: service.name.clone(),
        namespace: service.namespace.clone(),
        kind,
        listeners: listeners.collect(),
        backends: backends.collect(),
        class: None,
        annotations: service.annotations.clone(),
        gateway_selector: None,
        internal: kind == EntryKind::LoadBalancer && is_internal(&service.annotations),
        origin: service.origin.clone(),
        content: service.content.clone(),
    })
}

fn of_workload(workload: &Workload) -> Option<EntryPoint> {
    let ports = workload
        .containers
        .iter()
        .flat_map(|container| &container.ports);
    let listeners: Vec<Listener> = ports
        .filter_map(|port| {
            Some(Listener {
                port: Some(port.host_port?),
                protocol: port.protocol.name().to_owned(),
                hosts: Vec::new(),
                tls: None,
                tls_min_version: None,
                redirects_to_tls: false,
                origin: port.origin.clone(),
            })
        })
        .collect();
    let first = listeners.first()?.origin.clone();
    let full_name = format!("{}/{}[HostPort]", workload.namespace, workload.name);
    Some(EntryPoint {
        id: NodeId::new(NodeKind::EntryPoint, &full_name),
        name: workload.name.clone(),
        namespace: workload.namespace.clone(),
        kind: EntryKind::HostPort,
        listeners,
        backends: Vec::new(),
        class: None,
        annotations: workload.annotations.clone(),
        gateway_selector: Some(Selector::from_labels(&workload.pod_labels)),
        internal: false,
        origin: first,
        content: workload.content.clone(),
    })
}

//! The workload that a mesh policy may be about, and which proxy enforces it there.

use palisade_model::{
    Labels, MeshMembership, MeshScope, Operator, Port, PortRef, Selector, Service, ServicePort,
    Workload,
};

use crate::mesh::Membership;
use crate::mesh::pattern::Peer;
use crate::mesh::selecting::Selecting;

/// Pods with these labels in this namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) labels: &'a Labels,
    pub(crate) membership: Membership,
    /// The waypoint in front of it, by the identity that it has: its own namespace and a service
    /// account of its name.
    pub(crate) waypoint: Option<Peer<'a>>,
}

/// The proxy that enforces a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enforcer {
    /// The workload's own sidecar, or a gateway: sees requests.
    Proxy,
    /// A waypoint: sees requests.
    Waypoint,
    /// The node's proxy: sees connections only.
    Node,
}

impl<'a> Target<'a> {
    /// The target that a workload is.
    pub(crate) fn of(workload: &'a Workload) -> Self {
        let waypoint = workload.mesh.waypoint.as_ref();
        Self {
            namespace: &workload.namespace,
            labels: &workload.pod_labels,
            membership: membership_of(workload),
            waypoint: waypoint
                .map(|fact| fact.value.as_str())
                .filter(|name| !name.is_empty() && *name != "none")
                .map(|name| Peer {
                    namespace: &workload.namespace,
                    service_account: name,
                }),
        }
    }

    /// Which proxy enforces a policy of this scope for the target; `None` where none does.
    pub(crate) fn enforcer(&self, scope: &MeshScope, services: &[&Service]) -> Option<Enforcer> {
        if scope.targets.is_empty() {
            let in_reach = scope.root || scope.namespace == self.namespace;
            let selected = scope
                .selector
                .as_ref()
                .is_none_or(|selector| selector.matches(self.labels));
            return (in_reach && selected).then_some(match self.membership {
                Membership::IstioAmbient => Enforcer::Node,
                _ => Enforcer::Proxy,
            });
        }
        scope
            .targets
            .iter()
            .find_map(|target| self.attached(scope, (&target.kind, &target.name), services))
    }

    fn attached(
        &self,
        scope: &MeshScope,
        (kind, name): (&str, &str),
        services: &[&Service],
    ) -> Option<Enforcer> {
        let same_namespace = scope.namespace == self.namespace;
        match kind {
            "Service" => {
                let behind = services
                    .iter()
                    .any(|service| service.name == name && service.namespace == self.namespace);
                (same_namespace && behind && self.waypoint.is_some()).then_some(Enforcer::Waypoint)
            }
            "Gateway"
                if self.waypoint.is_some_and(|waypoint| {
                    waypoint.service_account == name && waypoint.namespace == scope.namespace
                }) =>
            {
                Some(Enforcer::Waypoint)
            }
            "Gateway" => {
                let own = [
                    "gateway.networking.k8s.io/gateway-name",
                    "istio.io/gateway-name",
                ]
                .iter()
                .any(|key| self.labels.get(key).is_some_and(|value| value == name));
                (same_namespace && own).then_some(Enforcer::Proxy)
            }
            "GatewayClass" => (scope.root && self.waypoint.is_some() && name == "istio-waypoint")
                .then_some(Enforcer::Waypoint),
            _ => None,
        }
    }
}

/// Which mesh takes a workload's traffic. A pod that is itself an Istio proxy counts as a sidecar.
pub(crate) fn membership_of(workload: &Workload) -> Membership {
    let MeshMembership {
        istio_sidecar,
        istio_ambient,
        linkerd,
        ..
    } = &*workload.mesh;
    let on = |fact: &Option<palisade_model::Fact<bool>>| fact.as_ref().is_some_and(|on| on.value);
    let is_proxy = workload.containers.iter().any(|container| {
        container.name == "istio-proxy"
            || container
                .image
                .as_ref()
                .is_some_and(|image| image.value.repository.ends_with("/proxyv2"))
    });
    if on(istio_sidecar) || is_proxy {
        Membership::IstioSidecar
    } else if on(istio_ambient) {
        Membership::IstioAmbient
    } else if on(linkerd) {
        Membership::Linkerd
    } else {
        Membership::Outside
    }
}

/// The pods' number for a service's target port, if its containers say one.
pub(crate) fn resolve_port(workload: &Workload, port: &PortRef) -> Option<Port> {
    match port {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => workload
            .containers
            .iter()
            .flat_map(|container| &container.ports)
            .find(|own| own.name.as_deref() == Some(name))
            .map(|own| own.port),
    }
}

/// Services by the pods that they select, for looking up those in front of a workload.
#[derive(Debug, Default)]
pub(crate) struct Services<'m> {
    by_pods: Selecting<'m, &'m Service>,
}

impl<'m> Services<'m> {
    /// An index over services.
    pub(crate) fn of(services: &'m [Service]) -> Self {
        let mut by_pods = Selecting::default();
        for service in services {
            if let Some(selector) = &service.selector {
                by_pods.add(&service.namespace, Some(selector), service);
            }
        }
        Self { by_pods }
    }

    /// Services of a namespace that select pods with these labels.
    pub(crate) fn selecting(&self, namespace: &str, labels: &Labels) -> Vec<&'m Service> {
        self.by_pods.of(namespace, labels).collect()
    }

    /// Ports of services that lead to this port of a workload.
    pub(crate) fn leading_to(
        &self,
        workload: &Workload,
        port: Port,
    ) -> Vec<(&'m Service, &'m ServicePort)> {
        self.selecting(&workload.namespace, &workload.pod_labels)
            .into_iter()
            .flat_map(|service| service.ports.iter().map(move |own| (service, own)))
            .filter(|(_, own)| resolve_port(workload, &own.target) == Some(port))
            .collect()
    }
}

/// The labels that a selector asks for by value, as pods that meet it would carry them.
pub(crate) fn labels_asked(selector: &Selector) -> Labels {
    selector
        .requirements
        .iter()
        .filter(|requirement| requirement.operator == Operator::In)
        .filter_map(|requirement| {
            let value = requirement.values.first()?;
            Some((requirement.key.clone(), value.clone()))
        })
        .collect()
}

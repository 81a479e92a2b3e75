//! Services and the doors from outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Port, Protocol};
use crate::id::NodeId;
use crate::origin::{Fact, Origin};
use crate::selector::{Labels, Selector};

/// A port by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum PortRef {
    /// By number.
    Number(Port),
    /// By name.
    Name(String),
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(port) => port.fmt(formatter),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

/// How far a service can be reached.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// Inside the cluster.
    ClusterIp,
    /// Inside the cluster, without a virtual address.
    Headless,
    /// On a port of every node.
    NodePort,
    /// Through a load balancer of the cloud.
    LoadBalancer,
    /// A name for something outside.
    ExternalName,
}

/// A stable address in front of pods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// `service:namespace/name`.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// How far it can be reached.
    pub kind: Fact<ServiceKind>,
    /// Pods behind it; `None` when it has no selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// `loadBalancerSourceRanges`, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_ranges: Vec<Fact<String>>,
    /// `externalIPs`, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ips: Vec<Fact<String>>,
    /// The name that an `ExternalName` stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_name: Option<String>,
    /// Labels.
    pub labels: Labels,
    /// Annotations (internal load balancers are declared there).
    pub annotations: Labels,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// One port of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePort {
    /// Name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number that callers use.
    pub port: Port,
    /// Port of the pods; the same number when not written.
    pub target: PortRef,
    /// Transport protocol.
    pub protocol: Protocol,
    /// `appProtocol`, where written; the mesh reads it before the name's prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
    /// Port on every node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_port: Option<Port>,
    /// Where it stands.
    pub origin: Origin,
}

/// What kind of door it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Kubernetes Ingress.
    Ingress,
    /// Gateway API Gateway with the routes attached to it.
    Gateway,
    /// Istio Gateway with its virtual services.
    IstioGateway,
    /// OpenShift Route.
    Route,
    /// Service of type LoadBalancer.
    LoadBalancer,
    /// Service of type NodePort, or with external addresses.
    NodePort,
    /// A container's port on the node.
    HostPort,
}

/// A door from outside to workloads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPoint {
    /// `entry-point:namespace/name[Kind]`.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// What kind of door.
    pub kind: EntryKind,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Where requests go.
    pub backends: Vec<Backend>,
    /// Class or gateway class, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Fact<String>>,
    /// Annotations.
    pub annotations: Labels,
    /// Labels of the pods that implement the door, for Istio gateways (`spec.selector`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_selector: Option<Selector>,
    /// Whether annotations say that it is reachable only from inside (an internal load balancer).
    pub internal: bool,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// One port and host that a door listens on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Port; `None` when the kind does not say (Ingress: 80, and 443 with TLS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `GRPC`, as written.
    pub protocol: String,
    /// Hosts; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// TLS: the mode as written (`SIMPLE`, `MUTUAL`, `Terminate`, `edge`), `None` for plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Fact<String>>,
    /// Lowest TLS version as written, such as `TLSV1_0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_min_version: Option<Fact<String>>,
    /// Whether plain requests are only redirected to TLS.
    pub redirects_to_tls: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// Where requests of a door go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Namespace of the service.
    pub namespace: String,
    /// Service name.
    pub service: String,
    /// Service port; `None` means every port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortRef>,
    /// Hosts that lead here; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Path, as written, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP or gRPC methods that lead here; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Whether a ReferenceGrant allows it, for another namespace's service.
    pub permitted: bool,
    /// Where it stands.
    pub origin: Origin,
}

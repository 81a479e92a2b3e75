//! Relations between nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Port, Protocol};
use crate::id::NodeId;
use crate::origin::Origin;

/// What a relation means.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// A zone holds a node.
    Contains,
    /// A workload acts as an identity.
    RunsAs,
    /// Traffic from one node to another; see [`Flow`].
    Flow,
    /// An entry point or service leads to a service or workload.
    Exposes,
    /// A workload reads a dataset.
    Reads,
    /// A workload writes a dataset.
    Writes,
    /// A workload uses a secret or an image.
    Uses,
    /// A role is granted to an identity.
    Grants,
    /// A control applies to a node.
    Guards,
    /// A pipeline or build file makes an image.
    Builds,
    /// A pipeline, or a control that reconciles, deploys a workload.
    Deploys,
}

/// How a flow is known. The three are different things and all are kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FlowState {
    /// The code says that it wants this call.
    Declared,
    /// Policies let it through.
    Allowed,
    /// It was seen.
    Observed,
}

/// The traffic of a [`EdgeKind::Flow`] edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// How it is known.
    pub state: FlowState,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Destination port on the workload; `None` if the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// HTTP methods or gRPC method names; empty means any or unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// A relation between two nodes, with the place that says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// What it means.
    pub kind: EdgeKind,
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// Traffic, for flow edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// Where it is said.
    pub origin: Origin,
}

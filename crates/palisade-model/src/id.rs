//! Identifiers that stay the same from run to run, so that two snapshots can be compared.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a node of the graph is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// An account, cluster, namespace or network.
    Zone,
    /// Something that runs.
    Workload,
    /// A stable address in front of workloads.
    Service,
    /// A door from outside.
    EntryPoint,
    /// Who a workload or person is.
    Identity,
    /// A set of permissions.
    Role,
    /// Roles given to subjects.
    Binding,
    /// Data that is worth protecting.
    Dataset,
    /// A credential.
    Secret,
    /// A container image.
    Image,
    /// What builds and deploys.
    Pipeline,
    /// A guard: network policy, mesh policy, admission policy.
    Control,
    /// Somebody or something outside the system.
    Actor,
    /// A document that policies judge and that is no node of the graph.
    Document,
}

impl NodeKind {
    /// The word that stands before the colon in a [`NodeId`].
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Workload => "workload",
            Self::Service => "service",
            Self::EntryPoint => "entry-point",
            Self::Identity => "identity",
            Self::Role => "role",
            Self::Binding => "binding",
            Self::Dataset => "dataset",
            Self::Secret => "secret",
            Self::Image => "image",
            Self::Pipeline => "pipeline",
            Self::Control => "control",
            Self::Actor => "actor",
            Self::Document => "document",
        }
    }
}

/// A node's identity: its kind, a colon, and its own full name, such as
/// `workload:shop/cart[Deployment]`. It depends on names only, never on files or order.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct NodeId(#[schemars(with = "String")] Arc<str>);

impl NodeId {
    /// The id of the node of this kind with this full name.
    pub fn new(kind: NodeKind, name: &str) -> Self {
        Self(format!("{}:{name}", kind.slug()).into())
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the colon, as a person reads it.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }
}

impl std::fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

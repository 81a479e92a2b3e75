//! The whole graph.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Binding, Role};
use crate::control::Control;
use crate::data::{ConfigObject, Dataset, Image, Secret};
use crate::edge::Edge;
use crate::entry::{EntryPoint, Service};
use crate::id::{NodeId, NodeKind};
use crate::origin::{Fact, Origin};
use crate::pipeline::Pipeline;
use crate::selector::Labels;
use crate::workload::{Identity, Workload};

/// Version of the serialised form; it grows by one when a field changes meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// What a zone is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// A cloud account.
    Account,
    /// A cluster.
    Cluster,
    /// A namespace.
    Namespace,
    /// A network or subnet.
    Network,
}

/// A boundary that nodes are in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// `zone:namespace/NAME`, `zone:cluster`.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: ZoneKind,
    /// Labels, `kubernetes.io/metadata.name` included for namespaces.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Labels with their places, where the object is in the code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub label_facts: Vec<Fact<(String, String)>>,
    /// Whether an object declares it, rather than only a reference.
    pub declared: bool,
    /// Where it stands; for one that is only referred to, the first reference.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// Somebody or something outside the system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// `actor:internet`, `actor:HOST`.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// First place that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A system: every list is sorted by id, and ids are unique within the list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Zones.
    pub zones: Vec<Zone>,
    /// Workloads: the first declaration of each.
    pub workloads: Vec<Workload>,
    /// Further declarations of workloads that are in `workloads`, from other files, overlays or charts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_declarations: Vec<Workload>,
    /// Services.
    pub services: Vec<Service>,
    /// Entry points.
    pub entry_points: Vec<EntryPoint>,
    /// Identities.
    pub identities: Vec<Identity>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Bindings.
    pub bindings: Vec<Binding>,
    /// Datasets.
    pub datasets: Vec<Dataset>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// ConfigMaps.
    pub config: Vec<ConfigObject>,
    /// Images.
    pub images: Vec<Image>,
    /// Pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Controls.
    pub controls: Vec<Control>,
    /// External actors.
    pub actors: Vec<Actor>,
    /// Relations, sorted.
    pub edges: Vec<Edge>,
}

impl Model {
    /// The first declaration of every workload, then the others.
    pub fn declarations(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.iter().chain(&self.other_declarations)
    }

    /// The workload of this id.
    pub fn workload(&self, id: &NodeId) -> Option<&Workload> {
        self.workloads
            .binary_search_by(|node| node.id.cmp(id))
            .ok()
            .and_then(|at| self.workloads.get(at))
    }

    /// The workloads of a namespace: their first declarations.
    pub fn workloads_in(&self, namespace: &str) -> &[Workload] {
        let prefix = NodeId::new(NodeKind::Workload, &format!("{namespace}/"));
        beginning(&self.workloads, prefix.as_str(), |node| node.id.as_str())
    }

    /// The services of a namespace.
    pub fn services_in(&self, namespace: &str) -> &[Service] {
        let prefix = NodeId::new(NodeKind::Service, &format!("{namespace}/"));
        beginning(&self.services, prefix.as_str(), |node| node.id.as_str())
    }

    /// The service account of a namespace and name.
    pub fn account(&self, namespace: &str, name: &str) -> Option<&Identity> {
        let id = NodeId::new(NodeKind::Identity, &format!("{namespace}/{name}"));
        self.identities
            .binary_search_by(|node| node.id.cmp(&id))
            .ok()
            .and_then(|at| self.identities.get(at))
    }

    /// The service of a namespace and name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        let id = NodeId::new(NodeKind::Service, &format!("{namespace}/{name}"));
        self.services
            .binary_search_by(|node| node.id.cmp(&id))
            .ok()
            .and_then(|at| self.services.get(at))
    }

    /// The namespace of a name.
    pub fn namespace(&self, name: &str) -> Option<&Zone> {
        let id = NodeId::new(NodeKind::Zone, &format!("namespace/{name}"));
        self.zones
            .binary_search_by(|node| node.id.cmp(&id))
            .ok()
            .and_then(|at| self.zones.get(at))
    }

    /// Controls that hold for the system.
    pub fn active_controls(&self) -> impl Iterator<Item = &Control> {
        self.controls.iter().filter(|control| control.active)
    }
}

/// Nodes whose ids have this beginning.
// INVARIANT: lists are sorted by id, so these stand together.
fn beginning<'n, N>(nodes: &'n [N], prefix: &str, id: impl Fn(&N) -> &str) -> &'n [N] {
    let first = nodes.partition_point(|node| id(node) < prefix);
    let rest = nodes.get(first..).unwrap_or_default();
    let count = rest.partition_point(|node| id(node).starts_with(prefix));
    rest.get(..count).unwrap_or_default()
}

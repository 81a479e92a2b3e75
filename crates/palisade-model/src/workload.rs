//! What runs: workloads and the identity they act as.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::container::{Container, PodSecurity, Volume};
use crate::id::NodeId;
use crate::origin::{Fact, Origin};
use crate::rare::Rare;
use crate::selector::Labels;

/// Which controller runs a workload.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadKind {
    /// A bare pod.
    Pod,
    /// Deployment.
    Deployment,
    /// StatefulSet.
    StatefulSet,
    /// DaemonSet.
    DaemonSet,
    /// ReplicaSet.
    ReplicaSet,
    /// ReplicationController.
    ReplicationController,
    /// Job.
    Job,
    /// CronJob.
    CronJob,
    /// A function without a server.
    Function,
    /// A custom resource that holds a pod template.
    Custom,
}

impl WorkloadKind {
    /// Those that are kinds of Kubernetes itself.
    pub const KUBERNETES: [Self; 8] = [
        Self::Pod,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Job,
        Self::CronJob,
    ];

    /// The kind as Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::ReplicationController => "ReplicationController",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Function => "Function",
            Self::Custom => "Custom",
        }
    }
}

/// Something that runs. Pods with one owner are one workload, under the owner's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// `workload:namespace/name[Kind]`.
    pub id: NodeId,
    /// The name alone.
    pub name: String,
    /// The namespace's name.
    pub namespace: String,
    /// Controller.
    pub kind: WorkloadKind,
    /// The owner's kind as written when it is none of the known ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_kind: Option<String>,
    /// Labels of the controller object.
    pub labels: Labels,
    /// Annotations of the controller object.
    pub annotations: Labels,
    /// Labels of the pods: what selectors match.
    pub pod_labels: Labels,
    /// Annotations of the pods.
    pub pod_annotations: Labels,
    /// Further label sets of pods with the same owner (seen only in listings of live pods).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_pod_labels: Vec<Labels>,
    /// How many copies are asked for; `None` where the kind has none or it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Fact<i64>>,
    /// How a new revision replaces the old.
    pub strategy: Rare<UpdateStrategy>,
    /// The service account by name; `None` means `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<Fact<String>>,
    /// Whether the API token is mounted, as the pod says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automount_token: Option<Fact<bool>>,
    /// `imagePullSecrets` of the pod, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_secrets: Vec<Fact<String>>,
    /// Pod-wide runtime rights.
    pub security: Rare<PodSecurity>,
    /// Containers of every role.
    pub containers: Vec<Container>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Part in a service mesh.
    pub mesh: Rare<MeshMembership>,
    /// Where the object stands.
    pub origin: Origin,
    /// Where the pod spec stands (for a fix that adds to it).
    pub pod_origin: Origin,
    /// Digest of the declaration's content, in hexadecimal.
    pub content: String,
    /// Overlays and charts that hold this declaration; empty for plain manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
}

/// How a new revision replaces the old one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStrategy {
    /// Strategy type, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Fact<Strategy>>,
    /// `revisionHistoryLimit`, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_limit: Option<Fact<i64>>,
}

/// The ways to replace pods.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A few at a time.
    RollingUpdate,
    /// All old ones first.
    Recreate,
    /// Only when somebody deletes them.
    OnDelete,
}

/// Whether a workload is part of a service mesh. Readers fill in what the pod itself says; the
/// namespace's word is merged by the model builder.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshMembership {
    /// `sidecar.istio.io/inject` or `istio-injection`/`istio.io/rev`, resolved with the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub istio_sidecar: Option<Fact<bool>>,
    /// `istio.io/dataplane-mode: ambient`, resolved with the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub istio_ambient: Option<Fact<bool>>,
    /// `istio.io/use-waypoint`, resolved with the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waypoint: Option<Fact<String>>,
    /// `linkerd.io/inject`, resolved with the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linkerd: Option<Fact<bool>>,
    /// Linkerd's default inbound policy (`config.linkerd.io/default-inbound-policy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linkerd_inbound_policy: Option<Fact<String>>,
    /// Ports that the proxy does not see, inbound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_inbound: Vec<Fact<String>>,
    /// Ports and ranges that the proxy does not see, outbound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_outbound: Vec<Fact<String>>,
}

impl MeshMembership {
    /// Whether any mesh proxy takes this workload's traffic.
    pub fn is_member(&self) -> bool {
        let on = |fact: &Option<Fact<bool>>| fact.as_ref().is_some_and(|fact| fact.value);
        on(&self.istio_sidecar) || on(&self.istio_ambient) || on(&self.linkerd)
    }
}

/// Who a workload or a person is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `identity:namespace/name` for service accounts, `identity:user/NAME`, `identity:group/NAME`.
    pub id: NodeId,
    /// The name alone.
    pub name: String,
    /// Namespace of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether the API token is mounted by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automount_token: Option<Fact<bool>>,
    /// `imagePullSecrets` of a service account: pods that name none use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_secrets: Vec<Fact<String>>,
    /// Annotations (cloud identity federation is declared there).
    pub annotations: Labels,
    /// Where it is declared; for identities that are only referred to, the first reference.
    pub origin: Origin,
    /// Whether an object declares it, rather than only a reference.
    pub declared: bool,
}

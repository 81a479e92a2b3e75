//! Guards: everything that allows, denies or requires something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::linkerd::{
    LinkerdAuthorization, LinkerdServer, MeshTlsAuthentication, NetworkAuthentication,
};
use crate::mesh::{
    AuthorizationPolicy, DestinationRule, MeshTelemetry, PeerAuthentication, RequestAuthentication,
    ServiceEntry, SidecarScope,
};
use crate::network::NetworkPolicy;
use crate::origin::{Fact, Origin};
use crate::pipeline::DeployPath;
use crate::selector::{Labels, Selector};

/// A guard with its declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// `control:Kind/namespace/name` (without the namespace for cluster-wide ones).
    pub id: NodeId,
    /// Kind as written, such as `NetworkPolicy`.
    pub kind_name: String,
    /// Name.
    pub name: String,
    /// Namespace, for namespaced ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What it says.
    pub kind: ControlKind,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Overlays and charts that hold it; empty for plain manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// Whether it holds for the system: false when only some of the variants that deploy the
    /// guarded workloads include it.
    pub active: bool,
    /// Where it stands.
    pub origin: Origin,
    /// Where its spec stands.
    pub spec_origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// What a guard says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum ControlKind {
    /// NetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy, Cilium.
    Network(NetworkPolicy),
    /// Istio PeerAuthentication.
    PeerAuthentication(PeerAuthentication),
    /// Istio AuthorizationPolicy.
    Authorization(AuthorizationPolicy),
    /// Istio RequestAuthentication.
    RequestAuthentication(RequestAuthentication),
    /// Istio DestinationRule.
    DestinationRule(DestinationRule),
    /// Istio ServiceEntry.
    ServiceEntry(ServiceEntry),
    /// Istio Sidecar.
    Sidecar(SidecarScope),
    /// Istio Telemetry.
    Telemetry(MeshTelemetry),
    /// Linkerd Server.
    LinkerdServer(LinkerdServer),
    /// Linkerd AuthorizationPolicy.
    LinkerdAuthorization(LinkerdAuthorization),
    /// Linkerd MeshTLSAuthentication.
    MeshTlsAuthentication(MeshTlsAuthentication),
    /// Linkerd NetworkAuthentication.
    NetworkAuthentication(NetworkAuthentication),
    /// A policy that runs at admission: Kyverno, Gatekeeper, ValidatingAdmissionPolicy.
    Admission(AdmissionPolicy),
    /// PodDisruptionBudget.
    DisruptionBudget {
        /// Pods.
        pods: Selector,
    },
    /// HorizontalPodAutoscaler.
    Autoscaler {
        /// Kind of its target.
        target_kind: String,
        /// Name of its target.
        target_name: String,
        /// Fewest replicas.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_replicas: Option<i64>,
    },
    /// LimitRange.
    LimitRange {
        /// Whether it gives containers default limits.
        defaults_limits: bool,
    },
    /// ResourceQuota.
    ResourceQuota,
    /// A continuous-delivery object that reconciles code with the cluster: Argo CD Application,
    /// Flux Kustomization or HelmRelease.
    Reconciler {
        /// Whether it reconciles by itself and undoes drift.
        self_heals: bool,
        /// Namespace it deploys to, where it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination: Option<String>,
        /// What it deploys, where it says.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<Fact<DeployPath>>,
    },
    /// A detection rule set (Falco rules, Tetragon TracingPolicy, Prometheus alert rules).
    Detection {
        /// Names of rules.
        rules: Vec<String>,
        /// Whether some of them also respond (kill, label, quarantine).
        responds: bool,
    },
    /// Audit policy of the API server, or a log pipeline.
    AuditPolicy {
        /// Whether requests are recorded.
        records: bool,
    },
}

/// What happens to a request that an admission policy refuses.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It is refused.
    Deny,
    /// It is only reported.
    Audit,
    /// Nothing: no binding puts the policy in force, or the policy that is bound is not there.
    Unbound,
}

/// A policy that runs at admission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmissionPolicy {
    /// Engine: `kyverno`, `gatekeeper`, `kubernetes`, `policy-controller`.
    pub engine: String,
    /// What happens on a refusal.
    pub enforcement: Fact<Enforcement>,
    /// Whether it verifies image signatures.
    pub verifies_images: bool,
    /// Kinds that it looks at, as written; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

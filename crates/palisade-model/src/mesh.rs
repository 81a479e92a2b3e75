//! Istio's policies: who may call whom, how peers prove themselves, how clients connect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Port;
use crate::origin::{Fact, Origin};
use crate::selector::Selector;

/// A resource that a policy is attached to with `targetRef(s)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetRef {
    /// Kind, such as `Service`, `Gateway`, `ServiceEntry`, `GatewayClass`.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Which workloads a mesh policy is about. A policy in the root namespace without selector holds
/// for the whole mesh, one elsewhere for its namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshScope {
    /// Namespace that the policy stands in.
    pub namespace: String,
    /// Whether that is the mesh's root namespace.
    pub root: bool,
    /// Pods, where a selector is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Targets, where given instead of a selector.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetRef>,
}

/// Mutual TLS as the server side asks for it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MtlsMode {
    /// Inherit from the next wider scope.
    Unset,
    /// Plain text only.
    Disable,
    /// Both plain text and mutual TLS.
    Permissive,
    /// Mutual TLS only.
    Strict,
}

/// PeerAuthentication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerAuthentication {
    /// Which workloads.
    pub scope: MeshScope,
    /// Mode for all ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Fact<MtlsMode>>,
    /// Mode for single ports of the workload; needs a selector to count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<(Port, Fact<MtlsMode>)>,
}

/// What an AuthorizationPolicy does when it matches.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizationAction {
    /// Lets through; any such policy on a workload denies what none of them matches.
    Allow,
    /// Refuses; asked before `Allow`.
    Deny,
    /// Never decides.
    Audit,
    /// Hands the decision to a provider; asked first.
    Custom,
}

/// AuthorizationPolicy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationPolicy {
    /// Which workloads.
    pub scope: MeshScope,
    /// What it does.
    pub action: AuthorizationAction,
    /// Extension provider, for `Custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Any of these; no rule matches nothing, a rule without conditions matches everything.
    pub rules: Vec<AuthorizationRule>,
}

/// A rule: any source, any operation, all conditions. An empty list asks nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRule {
    /// `from`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<MeshSource>,
    /// `to`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<MeshOperation>,
    /// `when`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
    /// Where it stands.
    pub origin: Origin,
}

/// A caller. Fields are ANDed, values in a field ORed; `not_*` exclude.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshSource {
    /// `td/ns/NAMESPACE/sa/NAME`, with `*` at one end or alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// Excluded principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_principals: Vec<String>,
    /// `iss/sub` of a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_principals: Vec<String>,
    /// Excluded token subjects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_request_principals: Vec<String>,
    /// Namespaces of the caller (needs mutual TLS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Excluded namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_namespaces: Vec<String>,
    /// `namespace/serviceAccount` or `serviceAccount` (needs mutual TLS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<String>,
    /// Excluded service accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_service_accounts: Vec<String>,
    /// TCP peer addresses, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_blocks: Vec<String>,
    /// Excluded TCP peer addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ip_blocks: Vec<String>,
    /// Addresses from `X-Forwarded-For`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_ip_blocks: Vec<String>,
    /// Excluded forwarded addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_remote_ip_blocks: Vec<String>,
}

/// An operation. Fields are ANDed, values in a field ORed; `not_*` exclude.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshOperation {
    /// Hosts (HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Excluded hosts (HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_hosts: Vec<String>,
    /// Workload ports, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// Excluded workload ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ports: Vec<String>,
    /// Methods (HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Excluded methods (HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_methods: Vec<String>,
    /// Paths (HTTP, gRPC full method names).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Excluded paths (HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_paths: Vec<String>,
}

impl MeshOperation {
    /// Whether it asks for something that exists in HTTP only.
    pub fn is_http(&self) -> bool {
        [
            &self.hosts,
            &self.not_hosts,
            &self.methods,
            &self.not_methods,
            &self.paths,
            &self.not_paths,
        ]
        .iter()
        .any(|list| !list.is_empty())
    }
}

/// A `when` condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Attribute, such as `request.auth.claims[groups]`.
    pub key: String,
    /// Any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// None of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_values: Vec<String>,
}

/// One token issuer that is accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtRule {
    /// Issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Fact<String>>,
    /// Audiences; empty accepts any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Whether the token is passed on to the workload.
    pub forward_original_token: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// RequestAuthentication: which tokens are accepted. It does *not* require one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAuthentication {
    /// Which workloads.
    pub scope: MeshScope,
    /// Accepted issuers.
    pub rules: Vec<JwtRule>,
}

/// TLS as a client starts it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Plain text.
    Disable,
    /// TLS with a server certificate.
    Simple,
    /// Mutual TLS with given certificates.
    Mutual,
    /// Mutual TLS with the mesh's own certificates.
    IstioMutual,
}

/// DestinationRule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationRule {
    /// Namespace that it stands in.
    pub namespace: String,
    /// Host that it is about, as written.
    pub host: String,
    /// Client TLS for all ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Fact<TrafficTls>>,
    /// Client TLS for single ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<(Port, Fact<TrafficTls>)>,
    /// Client TLS of subsets, by the subset's name, with the port where it is of one alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<(String, Fact<TrafficTls>)>,
}

/// Client TLS settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficTls {
    /// Mode.
    pub mode: TlsMode,
    /// `insecureSkipVerify`.
    pub skip_verify: bool,
    /// Whether a `caCertificates` or `credentialName` says what to trust.
    pub verifies: bool,
}

/// ServiceEntry: something outside the mesh that workloads may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Namespace that it stands in.
    pub namespace: String,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Ports with their protocol, as written.
    pub ports: Vec<(Port, String)>,
    /// Whether it is outside (`MESH_EXTERNAL`).
    pub external: bool,
}

/// Sidecar: which hosts a workload's proxy knows, and how unknown ones are treated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SidecarScope {
    /// Which workloads.
    pub scope: MeshScope,
    /// `egress.hosts`, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress_hosts: Vec<String>,
    /// `outboundTrafficPolicy.mode`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_policy: Option<Fact<String>>,
}

/// Istio Telemetry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshTelemetry {
    /// Which workloads.
    pub scope: MeshScope,
    /// Whether access logging is turned on or off here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_logging: Option<Fact<bool>>,
    /// Whether tracing is configured and not disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Fact<bool>>,
}

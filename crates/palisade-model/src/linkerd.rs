//! Linkerd's policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entry::PortRef;
use crate::origin::Fact;
use crate::selector::Selector;

/// Server: a port of pods, and what happens to a request that no authorization allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkerdServer {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Pods.
    pub pods: Selector,
    /// Port.
    pub port: PortRef,
    /// `proxyProtocol`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_protocol: Option<String>,
    /// `accessPolicy`; `deny` when not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_policy: Option<Fact<String>>,
}

/// What an authorization is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum LinkerdTarget {
    /// A Server.
    Server {
        /// Name.
        name: String,
    },
    /// A route on a Server.
    HttpRoute {
        /// Name.
        name: String,
        /// Servers that the route is attached to; empty where no file says it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        servers: Vec<String>,
    },
    /// Every Server of the namespace.
    Namespace {
        /// Name.
        name: String,
    },
}

/// An authentication that an authorization requires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkerdAuthentication {
    /// `MeshTLSAuthentication`, `NetworkAuthentication` or `ServiceAccount`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
}

/// AuthorizationPolicy (`policy.linkerd.io`): all of the authentications are required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkerdAuthorization {
    /// Namespace.
    pub namespace: String,
    /// What it is about.
    pub target: LinkerdTarget,
    /// Required authentications; an empty list lets every caller through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<LinkerdAuthentication>,
}

/// MeshTLSAuthentication: identities that are accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshTlsAuthentication {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Identity strings; `*` is any authenticated caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// Service accounts as `namespace/name`, or `namespace/*` for a whole namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<String>,
}

/// NetworkAuthentication: addresses that are accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkAuthentication {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Blocks, as written.
    pub networks: Vec<String>,
}

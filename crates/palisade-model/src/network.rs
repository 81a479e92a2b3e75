//! Network policies of every kind in one shape: namespaced, admin, baseline, and Cilium's L3/L4.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Cidr, Port, PortRange, Protocol};
use crate::origin::Origin;
use crate::selector::Selector;

/// Which tier a policy is evaluated in. Lower tiers are asked only when higher ones do not decide.
#[derive(
    Debug, Clone, PartialEq, Copy, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum NetworkTier {
    /// AdminNetworkPolicy, or ClusterNetworkPolicy of tier `Admin`.
    Admin {
        /// The lower number is asked first.
        priority: i32,
    },
    /// NetworkPolicy and Cilium policies: allow rules isolate; a deny rule wins over any allow.
    Namespaced,
    /// BaselineAdminNetworkPolicy, or ClusterNetworkPolicy of tier `Baseline`.
    Baseline {
        /// The lower number is asked first.
        priority: i32,
    },
}

/// Which pods a policy is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySubject {
    /// Namespaces by name; `None` means by `namespace_selector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Namespaces by label, used when `namespace` is `None`.
    pub namespace_selector: Selector,
    /// Pods.
    pub pods: Selector,
}

/// A network policy. `ingress: None` does not touch that direction; `Some` with an empty list, in
/// the namespaced tier, denies all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkPolicy {
    /// Tier.
    pub tier: NetworkTier,
    /// Pods.
    pub subject: PolicySubject,
    /// Rules for connections to the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Vec<NetworkRule>>,
    /// Rules for connections from the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<NetworkRule>>,
}

/// What a rule does with a connection that it matches.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkAction {
    /// Lets it through.
    Allow,
    /// Refuses it.
    Deny,
    /// Leaves it to the lower tiers.
    Pass,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkRule {
    /// What it does.
    pub action: NetworkAction,
    /// Name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Peers; `None` matches every peer, outside the cluster too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers: Option<Vec<NetworkPeer>>,
    /// Ports; `None` matches every port and protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<NetworkPort>>,
    /// Whether an L7 part (HTTP, DNS, TLS) narrows it further; reachability then is an upper bound.
    pub narrowed: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// The other end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum NetworkPeer {
    /// Pods in namespaces.
    Pods {
        /// Namespaces by label; `None` is the policy's own namespace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespaces: Option<Selector>,
        /// Namespaces by name, where named directly (Cilium).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        namespace_names: Vec<String>,
        /// Pods; empty matches every pod.
        pods: Selector,
    },
    /// Addresses outside the cluster.
    Block {
        /// The block.
        cidr: Cidr,
        /// Parts of it that are left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Cidr>,
    },
    /// Nodes of the cluster by label.
    Nodes {
        /// Which.
        selector: Selector,
    },
    /// Everything outside the cluster.
    World,
    /// Every pod of the cluster, whatever its namespace.
    Cluster,
    /// Names outside, such as `*.example.com`; addresses are not known from code.
    Domains {
        /// The names.
        names: Vec<String>,
    },
    /// Something that cannot be told from code, as written.
    Unknown {
        /// As written.
        text: String,
    },
}

/// Ports of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum NetworkPort {
    /// Every port of a protocol.
    Protocol {
        /// Protocol.
        protocol: Protocol,
    },
    /// One port.
    Number {
        /// Protocol.
        protocol: Protocol,
        /// Port.
        port: Port,
    },
    /// A range.
    Range {
        /// Protocol.
        protocol: Protocol,
        /// Range.
        range: PortRange,
    },
    /// A port by the name that the *destination* gives it. `None` matches whatever protocol it has.
    Named {
        /// Protocol.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<Protocol>,
        /// Name.
        name: String,
    },
}

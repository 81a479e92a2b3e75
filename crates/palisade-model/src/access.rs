//! Role-based access control: roles, rules and bindings (Kubernetes RBAC).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::origin::Origin;
use crate::selector::{Labels, Selector};

/// A set of permissions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// `role:namespace/name`, or `role:name` for the whole cluster.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace; `None` for a ClusterRole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Rules.
    pub rules: Vec<PolicyRule>,
    /// `aggregationRule`: label selectors of cluster roles whose rules are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregates: Vec<Selector>,
    /// Labels.
    pub labels: Labels,
    /// Whether Kubernetes itself defines it (`cluster-admin`, `admin`, `edit`, `view`).
    pub built_in: bool,
    /// Where it stands; for a built-in role, the binding that names it.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// One rule of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// API groups; `""` is the core group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// Resources, with `/subresource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Verbs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
    /// Names; empty means every object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths that are no resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Which role a binding gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRef {
    /// Whether it is a ClusterRole.
    pub cluster: bool,
    /// Name.
    pub name: String,
}

/// What a subject is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// A service account.
    ServiceAccount,
    /// A user.
    User,
    /// A group.
    Group,
}

/// To whom a role is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Name.
    pub name: String,
    /// Namespace of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Roles given to subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// `binding:namespace/name`, or `binding:name` for the whole cluster.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace; `None` for a ClusterRoleBinding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The role.
    pub role: RoleRef,
    /// To whom.
    pub subjects: Vec<Subject>,
    /// End of the grant (annotation `palisade.dev/expires`), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Where the role reference stands.
    pub role_origin: Origin,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

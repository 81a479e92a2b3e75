//! A permission that somebody holds, and a way from it to administrator.

use palisade_model::{NodeId, Origin};

/// One verb on one resource for one identity, with what gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who holds it: a service account, user or group.
    pub identity: NodeId,
    /// Namespace that it holds in; `None` is the whole cluster.
    pub namespace: Option<String>,
    /// API group; `""` is the core group, `*` any.
    pub api_group: String,
    /// Resource, with `/subresource`; a path for what is no resource; `*` any.
    pub resource: String,
    /// Verb; `*` any.
    pub verb: String,
    /// Names of single objects; empty means every one.
    pub resource_names: Vec<String>,
    /// The binding.
    pub binding: NodeId,
    /// The role.
    pub role: NodeId,
    /// Where the binding stands.
    pub binding_origin: Origin,
    /// Where the rule stands; the binding's role reference for a role that Kubernetes defines.
    pub origin: Origin,
    /// End of the grant, as written.
    pub expires: Option<String>,
    /// Whether the identity can make itself administrator with it, alone or through a chain.
    pub administrative: bool,
}

impl Grant {
    /// Whether it holds without an end.
    pub fn is_standing(&self) -> bool {
        self.expires.is_none()
    }

    /// Whether it holds in a namespace (any cluster-wide grant does).
    pub fn covers_namespace(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }

    /// Whether it permits a verb on a resource of an API group, on some object.
    pub fn permits(&self, verb: &str, api_group: &str, resource: &str) -> bool {
        let is = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let resource_is = is(&self.resource, resource)
            || resource.split_once('/').is_some_and(|(_, sub)| {
                self.resource
                    .strip_prefix("*/")
                    .is_some_and(|own| own == sub)
            });
        is(&self.verb, verb) && is(&self.api_group, api_group) && resource_is
    }

    /// Whether it permits every verb on every resource of the whole cluster.
    pub fn is_cluster_admin(&self) -> bool {
        self.namespace.is_none()
            && self.resource_names.is_empty()
            && self.verb == "*"
            && self.api_group == "*"
            && self.resource == "*"
    }
}

/// A way from one identity to more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Technique {
    /// Holds every verb on every resource, or is a member of `system:masters`.
    Administrator,
    /// Writes roles with more than it has.
    Escalate,
    /// Binds a role that it does not have.
    Bind,
    /// Acts as somebody else.
    Impersonate,
    /// Starts pods as another service account.
    CreateWorkload,
    /// Runs commands in pods of another service account.
    Exec,
    /// Gives pods of another service account another image.
    ReplaceImage,
    /// Adds a container to pods of another service account.
    EphemeralContainer,
    /// Reads tokens that are kept in Secrets.
    ReadSecrets,
    /// Makes a token Secret for a service account.
    CreateTokenSecret,
    /// Asks for a service account's token.
    RequestToken,
    /// Talks to the kubelet as the API server does.
    NodeProxy,
    /// Approves its own client certificate.
    ApproveCertificate,
    /// Signs its own client certificate.
    SignCertificate,
    /// Alters every object on its way in.
    MutatingWebhook,
}

impl Technique {
    /// What the identity does, as in "it ...".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Administrator => "holds every verb on every resource",
            Self::Escalate => "writes a role with more than it has (`escalate`)",
            Self::Bind => "binds a role that it does not have (`bind`)",
            Self::Impersonate => "acts as another identity (`impersonate`)",
            Self::CreateWorkload => "starts a pod as another service account",
            Self::Exec => "runs a command in another service account's pod",
            Self::EphemeralContainer => "adds a debug container to another service account's pod",
            Self::ReadSecrets => "reads a service-account token from a Secret",
            Self::CreateTokenSecret => "makes a token Secret for a service account and reads it",
            Self::RequestToken => "asks for a service account's token",
            Self::NodeProxy => "runs a command in any pod through the kubelet (`nodes/proxy`)",
            Self::ApproveCertificate => "approves a client certificate for another user",
            Self::SignCertificate => "signs a client certificate for another user",
            Self::ReplaceImage => "replaces the image of another service account's pod",
            Self::MutatingWebhook => "alters every object on its way into the cluster",
        }
    }
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// How.
    pub how: Technique,
    /// The rule that permits it.
    pub via: Origin,
    /// The binding that gives the rule; `None` for membership of `system:masters`.
    pub binding: Option<NodeId>,
    /// Who the identity becomes; `None` is administrator of the cluster.
    pub to: Option<NodeId>,
}

/// An identity that is, or can make itself, administrator of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Administrator {
    /// Who.
    pub identity: NodeId,
    /// The shortest way; its last step leads to `None`. One step of
    /// [`Technique::Administrator`] for those who are one directly.
    pub chain: Vec<Step>,
}

impl Administrator {
    /// Whether it needs no chain.
    pub fn is_direct(&self) -> bool {
        matches!(self.chain.as_slice(), [step] if step.how == Technique::Administrator)
    }
}

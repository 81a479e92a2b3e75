//! Which grants lead to more: the known ways from one identity to another, as data.
//!
//! The ways are those that public catalogues of risky RBAC permissions agree on.

use crate::privilege::{Grant, Technique};

const RBAC: &str = "rbac.authorization.k8s.io";

/// How far a way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To administrator, where it holds for the whole cluster.
    Everything,
    /// To every service account of the namespace.
    Accounts,
    /// To the service accounts of the named objects, or all of them.
    NamedAccounts,
    /// To the service accounts of pods that run in the namespace.
    Running,
    /// To the service accounts whose tokens are kept in Secrets of the namespace.
    KeptTokens,
}

/// Verbs (any of them) on a resource.
pub(crate) struct Need {
    pub(crate) verbs: &'static [&'static str],
    pub(crate) group: &'static str,
    pub(crate) resource: &'static str,
    /// A grant for single objects must name one of these; empty asks nothing.
    pub(crate) names: &'static [&'static str],
}

/// A way from a permission to more.
pub(crate) struct Escalation {
    pub(crate) technique: Technique,
    pub(crate) need: Need,
    /// What it is useless without.
    pub(crate) also: Option<Need>,
    pub(crate) leads: Leads,
}

impl Need {
    const fn new(
        verbs: &'static [&'static str],
        group: &'static str,
        resource: &'static str,
    ) -> Self {
        Self {
            verbs,
            group,
            resource,
            names: &[],
        }
    }

    const fn named(
        verbs: &'static [&'static str],
        group: &'static str,
        resource: &'static str,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            verbs,
            group,
            resource,
            names,
        }
    }

    /// Whether a grant meets it.
    pub(crate) fn is_met_by(&self, grant: &Grant) -> bool {
        let named = grant.resource_names.iter().map(String::as_str);
        let about = grant.resource_names.is_empty()
            || self.names.is_empty()
            || named.into_iter().any(|name| self.names.contains(&name));
        about
            && self
                .verbs
                .iter()
                .any(|verb| grant.permits(verb, self.group, self.resource))
    }
}

const fn way(technique: Technique, need: Need, leads: Leads) -> Escalation {
    Escalation {
        technique,
        need,
        also: None,
        leads,
    }
}

const fn joint(technique: Technique, need: Need, also: Need, leads: Leads) -> Escalation {
    Escalation {
        technique,
        need,
        also: Some(also),
        leads,
    }
}

const WRITE: &[&str] = &["create", "patch", "update"];
const CHANGE: &[&str] = &["patch", "update"];
/// Signers whose certificates the API server takes for a user's or a node's.
const CLIENT_SIGNERS: &[&str] = &[
    "kubernetes.io/*",
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
];

const READ: &[&str] = &["get", "list", "watch"];

/// Every way, widest first.
pub(crate) const ESCALATIONS: &[Escalation] = &[
    joint(
        Technique::Escalate,
        Need::new(&["escalate"], RBAC, "clusterroles"),
        Need::new(WRITE, RBAC, "clusterroles"),
        Leads::Everything,
    ),
    joint(
        Technique::Bind,
        Need::new(&["bind"], RBAC, "clusterroles"),
        Need::new(WRITE, RBAC, "clusterrolebindings"),
        Leads::Everything,
    ),
    way(
        Technique::Impersonate,
        Need::new(&["impersonate"], "", "users"),
        Leads::Everything,
    ),
    way(
        Technique::Impersonate,
        Need::new(&["impersonate"], "", "groups"),
        Leads::Everything,
    ),
    way(
        Technique::NodeProxy,
        Need::new(&["create", "get"], "", "nodes/proxy"),
        Leads::Everything,
    ),
    joint(
        Technique::ApproveCertificate,
        Need::new(
            CHANGE,
            "certificates.k8s.io",
            "certificatesigningrequests/approval",
        ),
        Need::named(
            &["approve"],
            "certificates.k8s.io",
            "signers",
            CLIENT_SIGNERS,
        ),
        Leads::Everything,
    ),
    joint(
        Technique::SignCertificate,
        Need::new(
            CHANGE,
            "certificates.k8s.io",
            "certificatesigningrequests/status",
        ),
        Need::named(&["sign"], "certificates.k8s.io", "signers", CLIENT_SIGNERS),
        Leads::Everything,
    ),
    way(
        Technique::MutatingWebhook,
        Need::new(
            WRITE,
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
        ),
        Leads::Everything,
    ),
    joint(
        Technique::Escalate,
        Need::new(&["escalate"], RBAC, "roles"),
        Need::new(WRITE, RBAC, "roles"),
        Leads::Accounts,
    ),
    joint(
        Technique::Bind,
        Need::new(&["bind"], RBAC, "clusterroles"),
        Need::new(WRITE, RBAC, "rolebindings"),
        Leads::Accounts,
    ),
    joint(
        Technique::Bind,
        Need::new(&["bind"], RBAC, "roles"),
        Need::new(WRITE, RBAC, "rolebindings"),
        Leads::Accounts,
    ),
    way(
        Technique::Impersonate,
        Need::new(&["impersonate"], "", "serviceaccounts"),
        Leads::NamedAccounts,
    ),
    way(
        Technique::RequestToken,
        Need::new(&["create"], "", "serviceaccounts/token"),
        Leads::NamedAccounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(&["create"], "", "pods"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "apps", "deployments"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "apps", "daemonsets"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "apps", "statefulsets"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "apps", "replicasets"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "batch", "cronjobs"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(&["create"], "batch", "jobs"),
        Leads::Accounts,
    ),
    way(
        Technique::CreateWorkload,
        Need::new(WRITE, "", "replicationcontrollers"),
        Leads::Accounts,
    ),
    way(
        Technique::Exec,
        Need::new(&["create", "get"], "", "pods/exec"),
        Leads::Running,
    ),
    way(
        Technique::Exec,
        Need::new(&["create", "get"], "", "pods/attach"),
        Leads::Running,
    ),
    way(
        Technique::ReplaceImage,
        Need::new(CHANGE, "", "pods"),
        Leads::Running,
    ),
    way(
        Technique::EphemeralContainer,
        Need::new(CHANGE, "", "pods/ephemeralcontainers"),
        Leads::Running,
    ),
    joint(
        Technique::CreateTokenSecret,
        Need::new(&["create"], "", "secrets"),
        Need::new(READ, "", "secrets"),
        Leads::Accounts,
    ),
    way(
        Technique::ReadSecrets,
        Need::new(READ, "", "secrets"),
        Leads::KeptTokens,
    ),
];

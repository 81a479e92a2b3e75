//! The roles that every cluster has: their rules in short, and the labels that add to them.
//!
//! Source: the default role bindings of Kubernetes RBAC ("user-facing roles").

use crate::access::{PolicyRule, Role};
use crate::id::{NodeId, NodeKind};
use crate::origin::Origin;
use crate::selector::{Labels, Selector};

/// Groups, resources and verbs of a rule.
struct BuiltInRule {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

/// A role that Kubernetes defines.
struct BuiltInRole {
    name: &'static str,
    rules: &'static [BuiltInRule],
    /// Roles whose rules it has too.
    includes: &'static [&'static str],
    /// The label with which a cluster role adds its rules to this one; empty when none can.
    label: &'static str,
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const FULL: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const APPS: &[&str] = &["daemonsets", "deployments", "replicasets", "statefulsets"];
const CORE_SEEN: &[&str] = &[
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "namespaces",
    "persistentvolumeclaims",
    "pods",
    "pods/log",
    "pods/status",
    "replicationcontrollers",
    "resourcequotas",
    "serviceaccounts",
    "services",
];
const CORE_WRITTEN: &[&str] = &[
    "configmaps",
    "endpoints",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "secrets",
    "serviceaccounts",
    "services",
];

const fn rule(
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> BuiltInRule {
    BuiltInRule {
        group,
        resources,
        verbs,
    }
}

const ROLES: &[BuiltInRole] = &[
    BuiltInRole {
        name: "cluster-admin",
        rules: &[rule("*", &["*"], &["*"]), rule("", &["/*"], &["*"])],
        includes: &[],
        label: "",
    },
    BuiltInRole {
        name: "admin",
        rules: &[
            rule(
                "rbac.authorization.k8s.io",
                &["rolebindings", "roles"],
                FULL,
            ),
            rule(
                "authorization.k8s.io",
                &["localsubjectaccessreviews"],
                &["create"],
            ),
        ],
        includes: &["edit"],
        label: "rbac.authorization.k8s.io/aggregate-to-admin",
    },
    BuiltInRole {
        name: "edit",
        rules: &[
            rule("", CORE_WRITTEN, WRITE),
            rule("", &["secrets"], READ),
            rule(
                "",
                &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"],
                &["create", "get"],
            ),
            rule("", &["serviceaccounts"], &["impersonate"]),
            rule("", &["serviceaccounts/token"], &["create"]),
            rule("apps", APPS, WRITE),
            rule("batch", &["cronjobs", "jobs"], WRITE),
            rule("autoscaling", &["horizontalpodautoscalers"], WRITE),
            rule(
                "networking.k8s.io",
                &["ingresses", "networkpolicies"],
                WRITE,
            ),
            rule("policy", &["poddisruptionbudgets"], WRITE),
        ],
        includes: &["view"],
        label: "rbac.authorization.k8s.io/aggregate-to-edit",
    },
    BuiltInRole {
        name: "view",
        rules: &[
            rule("", CORE_SEEN, READ),
            rule("apps", APPS, READ),
            rule("batch", &["cronjobs", "jobs"], READ),
            rule("autoscaling", &["horizontalpodautoscalers"], READ),
            rule("networking.k8s.io", &["ingresses", "networkpolicies"], READ),
            rule("policy", &["poddisruptionbudgets"], READ),
        ],
        includes: &[],
        label: "rbac.authorization.k8s.io/aggregate-to-view",
    },
];

impl Role {
    /// The role that Kubernetes itself defines under this name, as if it stood at a place; `None`
    /// when it defines none. Its rules are those of every role that it includes, and labelled
    /// cluster roles add theirs.
    pub fn built_in(name: &str, origin: &Origin) -> Option<Self> {
        let included = with_included(name);
        if included.is_empty() {
            return None;
        }
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let rules = included.iter().flat_map(|role| role.rules).map(|rule| {
            // What is no resource has no group.
            let is_path = rule.resources.iter().all(|one| one.starts_with('/'));
            PolicyRule {
                api_groups: if is_path {
                    Vec::new()
                } else {
                    owned(&[rule.group])
                },
                resources: if is_path {
                    Vec::new()
                } else {
                    owned(rule.resources)
                },
                verbs: owned(rule.verbs),
                resource_names: Vec::new(),
                non_resource_urls: if is_path {
                    vec!["*".to_owned()]
                } else {
                    Vec::new()
                },
                origin: origin.clone(),
            }
        });
        let labels = included.iter().map(|role| role.label);
        let aggregates = labels.filter(|label| !label.is_empty()).map(|label| {
            let labels = Labels::from([(label.to_owned(), "true".to_owned())]);
            Selector::from_labels(&labels)
        });
        Some(Self {
            id: NodeId::new(NodeKind::Role, name),
            name: name.to_owned(),
            namespace: None,
            rules: rules.collect(),
            aggregates: aggregates.collect(),
            labels: Labels::new(),
            built_in: true,
            origin: origin.clone(),
            content: String::new(),
        })
    }
}

/// The role of a name and those that it includes, itself first.
fn with_included(name: &str) -> Vec<&'static BuiltInRole> {
    let mut found: Vec<&'static BuiltInRole> = Vec::new();
    let mut wanted = vec![name];
    while let Some(name) = wanted.pop() {
        for role in ROLES.iter().filter(|role| role.name == name) {
            wanted.extend(role.includes);
            found.push(role);
        }
    }
    found
}

//! The roles that every cluster has: their rules in short, and the labels that add to them.
//!
//! Source: the default role bindings of Kubernetes RBAC ("user-facing roles").

/// Groups, resources and verbs of a rule.
pub(crate) struct BuiltInRule {
    pub(crate) group: &'static str,
    pub(crate) resources: &'static [&'static str],
    pub(crate) verbs: &'static [&'static str],
}

/// A role that Kubernetes defines.
pub(crate) struct BuiltInRole {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [BuiltInRule],
    /// Roles whose rules it has too.
    pub(crate) includes: &'static [&'static str],
    /// The label with which a cluster role adds its rules to this one.
    pub(crate) label: &'static str,
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
        rules: &[rule("*", &["*"], &["*"])],
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

/// The role of a name and those that it includes, itself first.
pub(crate) fn with_included(name: &str) -> Vec<&'static BuiltInRole> {
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

//! What rules of a role are worth, beyond what they say.

use palisade_model::{PolicyRule, Severity};

/// A right that can be turned into more rights.
#[derive(Debug)]
pub(super) struct Ability {
    /// Short name.
    pub(super) name: &'static str,
    /// API group.
    group: &'static str,
    /// Resources, any of which is enough.
    resources: &'static [&'static str],
    /// Verbs, any of which is enough.
    verbs: &'static [&'static str],
    /// Whether `resourceNames` leave it harmless.
    narrowed_by_names: bool,
    /// How bad it is.
    pub(super) severity: Severity,
    /// After "lets its holders".
    pub(super) words: &'static str,
    /// What comes of it.
    pub(super) leads_to: &'static str,
}

const RBAC: &str = "rbac.authorization.k8s.io";
const WRITE: &[&str] = &["create", "update", "patch"];

/// Every ability, in the order in which findings list them.
pub(super) const ABILITIES: &[Ability] = &[
    Ability {
        name: "escalate",
        group: RBAC,
        resources: &["roles", "clusterroles"],
        verbs: &["escalate"],
        narrowed_by_names: false,
        severity: Severity::Critical,
        words: "write roles with more rights than they have (`escalate`)",
        leads_to: "any right can be added to a role",
    },
    Ability {
        name: "bind",
        group: RBAC,
        resources: &["roles", "clusterroles"],
        verbs: &["bind"],
        narrowed_by_names: true,
        severity: Severity::Critical,
        words: "bind roles that they do not hold (`bind`)",
        leads_to: "any role can be bound to oneself",
    },
    Ability {
        name: "impersonate",
        group: "",
        resources: &["users", "groups", "serviceaccounts"],
        verbs: &["impersonate"],
        narrowed_by_names: true,
        severity: Severity::Critical,
        words: "act as other users, groups or service accounts (`impersonate`)",
        leads_to: "includes administrators",
    },
    Ability {
        name: "node proxy",
        group: "",
        resources: &["nodes/proxy"],
        verbs: &["get", "create"],
        narrowed_by_names: false,
        severity: Severity::High,
        words: "run commands in every pod of a node through the kubelet (`nodes/proxy`)",
        leads_to: "admission and audit do not see it",
    },
    Ability {
        name: "token request",
        group: "",
        resources: &["serviceaccounts/token"],
        verbs: &["create"],
        narrowed_by_names: true,
        severity: Severity::High,
        words: "issue tokens of any service account",
        leads_to: "includes stronger accounts",
    },
    Ability {
        name: "certificate approval",
        group: "certificates.k8s.io",
        resources: &["certificatesigningrequests/approval"],
        verbs: &["update", "patch"],
        narrowed_by_names: false,
        severity: Severity::High,
        words: "approve client certificates",
        leads_to: "certificates can be of any user",
    },
    Ability {
        name: "admission webhooks",
        group: "admissionregistration.k8s.io",
        resources: &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
        verbs: WRITE,
        narrowed_by_names: true,
        severity: Severity::High,
        words: "change admission webhooks",
        leads_to: "sees and alters every object that is written",
    },
    Ability {
        name: "exec",
        group: "",
        resources: &["pods/exec", "pods/attach", "pods/ephemeralcontainers"],
        verbs: &["create", "get", "update", "patch"],
        narrowed_by_names: true,
        severity: Severity::High,
        words: "run commands in any pod of its scope",
        leads_to: "acts with the rights of those pods",
    },
    Ability {
        name: "create pods",
        group: "",
        resources: &["pods"],
        verbs: &["create"],
        narrowed_by_names: false,
        severity: Severity::Medium,
        words: "create pods",
        leads_to: "a pod may run as any service account of its namespace and mount any secret",
    },
    Ability {
        name: "create controllers",
        group: "apps",
        resources: &["deployments", "daemonsets", "statefulsets", "replicasets"],
        verbs: WRITE,
        narrowed_by_names: false,
        severity: Severity::Medium,
        words: "write workloads",
        leads_to: "a workload may run as any service account of its namespace and mount any secret",
    },
    Ability {
        name: "create jobs",
        group: "batch",
        resources: &["jobs", "cronjobs"],
        verbs: WRITE,
        narrowed_by_names: false,
        severity: Severity::Medium,
        words: "write jobs",
        leads_to: "a job may run as any service account of its namespace and mount any secret",
    },
    Ability {
        name: "service status",
        group: "",
        resources: &["services/status"],
        verbs: &["update", "patch"],
        narrowed_by_names: true,
        severity: Severity::Medium,
        words: "set the outside address of services (`services/status`)",
        leads_to: "traffic of others can be drawn to such a service (CVE-2020-8554)",
    },
    Ability {
        name: "persistent volumes",
        group: "",
        resources: &["persistentvolumes"],
        verbs: &["create"],
        narrowed_by_names: false,
        severity: Severity::Medium,
        words: "create persistent volumes",
        leads_to: "a volume may be a path of the node",
    },
];

/// Whether a list of a rule holds a word; `*` holds every word.
pub(super) fn holds(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word || known == "*")
}

/// Whether a rule gives an ability.
pub(super) fn grants(rule: &PolicyRule, ability: &Ability) -> bool {
    let any = |list: &[String], words: &[&str]| words.iter().any(|word| holds(list, word));
    let narrowed = ability.narrowed_by_names && !rule.resource_names.is_empty();
    !narrowed
        && holds(&rule.api_groups, ability.group)
        && any(&rule.resources, ability.resources)
        && any(&rule.verbs, ability.verbs)
}

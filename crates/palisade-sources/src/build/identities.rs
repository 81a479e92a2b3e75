//! Identities that are used or bound without being declared, and the roles of Kubernetes itself.

use std::collections::BTreeMap;

use palisade_model::{
    Identity, Labels, Model, NodeId, NodeKind, Origin, PolicyRule, Role, Subject, SubjectKind,
    Workload,
};

/// The identity that a workload acts as.
pub(super) fn of_workload(workload: &Workload) -> NodeId {
    NodeId::new(
        NodeKind::Identity,
        &format!("{}/{}", workload.namespace, account(workload)),
    )
}

fn account(workload: &Workload) -> &str {
    workload
        .service_account
        .as_ref()
        .map_or("default", |fact| fact.value.as_str())
}

/// The identity that a subject of a binding is.
pub(super) fn of_subject(subject: &Subject) -> NodeId {
    let name = match (subject.kind, &subject.namespace) {
        (SubjectKind::User, _) => format!("user/{}", subject.name),
        (SubjectKind::Group, _) => format!("group/{}", subject.name),
        (SubjectKind::ServiceAccount, namespace) => {
            format!(
                "{}/{}",
                namespace.as_deref().unwrap_or("default"),
                subject.name
            )
        }
    };
    NodeId::new(NodeKind::Identity, &name)
}

/// Adds what is referred to and not declared.
pub(super) fn add(model: &mut Model) {
    let mut known: BTreeMap<NodeId, Identity> = BTreeMap::new();
    for identity in std::mem::take(&mut model.identities) {
        known.insert(identity.id.clone(), identity);
    }
    let used = model.workloads.iter().chain(&model.other_declarations);
    for workload in used {
        let origin = workload
            .service_account
            .as_ref()
            .map_or(&workload.pod_origin, |fact| &fact.origin);
        let id = of_workload(workload);
        let namespace = Some(workload.namespace.clone());
        known
            .entry(id.clone())
            .or_insert_with(|| referred(id, account(workload), namespace, origin));
    }
    for subject in model.bindings.iter().flat_map(|binding| &binding.subjects) {
        let id = of_subject(subject);
        let namespace = subject.namespace.clone();
        known
            .entry(id.clone())
            .or_insert_with(|| referred(id, &subject.name, namespace, &subject.origin));
    }
    model.identities = known.into_values().collect();
    add_built_in_roles(model);
}

fn referred(id: NodeId, name: &str, namespace: Option<String>, origin: &Origin) -> Identity {
    Identity {
        id,
        name: name.to_owned(),
        namespace,
        automount_token: None,
        pull_secrets: Vec::new(),
        annotations: Labels::new(),
        origin: origin.clone(),
        declared: false,
    }
}

const READ: &[&str] = &["get", "list", "watch"];
const CHANGE: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// What the roles for users let them see.
const SEEN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "bindings",
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
        ],
    ),
    (
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
];

/// What `edit` and `admin` let them change.
const CHANGED: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "pods",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "replicationcontrollers",
            "secrets",
            "serviceaccounts",
            "serviceaccounts/token",
            "services",
            "services/proxy",
        ],
    ),
    (
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
];

fn built_in_rules(name: &str, origin: &Origin) -> Option<Vec<PolicyRule>> {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| PolicyRule {
        api_groups: vec![group.to_owned()],
        resources: resources.iter().map(ToString::to_string).collect(),
        verbs: verbs.iter().map(ToString::to_string).collect(),
        resource_names: Vec::new(),
        non_resource_urls: Vec::new(),
        origin: origin.clone(),
    };
    let rules = |list: &[(&str, &[&str])], verbs: &[&str]| -> Vec<PolicyRule> {
        list.iter()
            .map(|(group, resources)| rule(group, resources, verbs))
            .collect()
    };
    let mut seen = rules(SEEN, READ);
    match name {
        "view" => {}
        "edit" | "admin" => {
            seen.extend(rules(CHANGED, CHANGE));
            seen.push(rule("", &["serviceaccounts"], &["impersonate"]));
            if name == "admin" {
                let group = "rbac.authorization.k8s.io";
                seen.push(rule(group, &["rolebindings", "roles"], CHANGE));
            }
        }
        "cluster-admin" => {
            let mut paths = rule("", &[], &["*"]);
            paths.api_groups.clear();
            paths.non_resource_urls.push("*".to_owned());
            seen = vec![rule("*", &["*"], &["*"]), paths];
        }
        _ => return None,
    }
    Some(seen)
}

/// Adds the roles that Kubernetes itself defines, where a binding names them.
fn add_built_in_roles(model: &mut Model) {
    let mut added: BTreeMap<NodeId, Role> = BTreeMap::new();
    for binding in model.bindings.iter().filter(|binding| binding.role.cluster) {
        let name = &binding.role.name;
        let id = NodeId::new(NodeKind::Role, name);
        let declared = model.roles.iter().any(|role| role.id == id);
        let Some(rules) = built_in_rules(name, &binding.role_origin).filter(|_| !declared) else {
            continue;
        };
        added.entry(id.clone()).or_insert_with(|| Role {
            id,
            name: name.clone(),
            namespace: None,
            rules,
            aggregates: Vec::new(),
            labels: Labels::new(),
            built_in: true,
            origin: binding.role_origin.clone(),
            content: String::new(),
        });
    }
    model.roles.extend(added.into_values());
}

//! Identities that are used or bound without being declared, and the roles of Kubernetes itself.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Identity, Labels, Model, NodeId, NodeKind, Origin, Role, Subject, SubjectKind, Workload,
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

/// Adds the roles that Kubernetes itself defines, where a binding names them.
fn add_built_in_roles(model: &mut Model) {
    let known: BTreeSet<&NodeId> = model.roles.iter().map(|role| &role.id).collect();
    let mut added: BTreeMap<NodeId, Role> = BTreeMap::new();
    for binding in model.bindings.iter().filter(|binding| binding.role.cluster) {
        let name = &binding.role.name;
        let id = NodeId::new(NodeKind::Role, name);
        if known.contains(&id) || added.contains_key(&id) {
            continue;
        }
        if let Some(role) = Role::built_in(name, &binding.role_origin) {
            added.insert(id, role);
        }
    }
    model.roles.extend(added.into_values());
}

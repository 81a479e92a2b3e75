//! From bindings and roles to grants.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Binding, Model, NodeId, NodeKind, Origin, PolicyRule, Role, Subject, SubjectKind,
};

use crate::privilege::Grant;

/// Every grant that the bindings of a model give, sorted and without repetition.
pub(crate) fn grants(model: &Model) -> Vec<Grant> {
    let roles = Roles::of(model);
    let mut found = BTreeSet::new();
    for binding in &model.bindings {
        let permissions = roles.permissions(binding);
        for subject in &binding.subjects {
            let identity = identity_of(subject, binding.namespace.as_deref());
            let granted = permissions
                .iter()
                .map(|permission| permission.granted(&identity, binding));
            found.extend(granted);
        }
    }
    let administrators: BTreeSet<NodeId> = found
        .iter()
        .filter(|grant| grant.is_cluster_admin())
        .map(|grant| grant.role.clone())
        .collect();
    // Every path that is no resource is part of being administrator, not one more permission.
    found.retain(|grant: &Grant| {
        let every_path = grant.resource == "/*" && grant.verb == "*";
        !every_path || !administrators.contains(&grant.role)
    });
    found.into_iter().collect()
}

/// Everybody whom some binding names.
pub(crate) fn bound(model: &Model) -> BTreeSet<NodeId> {
    let bindings = model.bindings.iter();
    bindings
        .flat_map(|binding| {
            let namespace = binding.namespace.as_deref();
            binding
                .subjects
                .iter()
                .map(move |subject| identity_of(subject, namespace))
        })
        .collect()
}

/// The identity that a subject names. A user name of the form `system:serviceaccount:NS:NAME` is
/// that service account.
fn identity_of(subject: &Subject, binding_namespace: Option<&str>) -> NodeId {
    let account = |namespace: &str, name: &str| service_account(namespace, name);
    match subject.kind {
        SubjectKind::ServiceAccount => {
            let namespace = subject.namespace.as_deref().or(binding_namespace);
            account(namespace.unwrap_or("default"), &subject.name)
        }
        SubjectKind::Group => NodeId::new(NodeKind::Identity, &format!("group/{}", subject.name)),
        SubjectKind::User => subject
            .name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
            .map_or_else(
                || NodeId::new(NodeKind::Identity, &format!("user/{}", subject.name)),
                |(namespace, name)| account(namespace, name),
            ),
    }
}

/// The identity of a service account.
pub(crate) fn service_account(namespace: &str, name: &str) -> NodeId {
    NodeId::new(NodeKind::Identity, &format!("{namespace}/{name}"))
}

/// One verb on one resource, before it is given to anybody.
struct Permission {
    api_group: String,
    resource: String,
    verb: String,
    names: Vec<String>,
    role: NodeId,
    origin: Origin,
}

impl Permission {
    fn granted(&self, identity: &NodeId, binding: &Binding) -> Grant {
        Grant {
            identity: identity.clone(),
            namespace: binding.namespace.clone(),
            api_group: self.api_group.clone(),
            resource: self.resource.clone(),
            verb: self.verb.clone(),
            resource_names: self.names.clone(),
            binding: binding.id.clone(),
            role: self.role.clone(),
            binding_origin: binding.origin.clone(),
            origin: self.origin.clone(),
            expires: binding.expires.clone(),
            administrative: false,
        }
    }
}

/// Roles by namespace and name.
struct Roles<'m> {
    all: &'m [Role],
    by_name: BTreeMap<(Option<&'m str>, &'m str), &'m Role>,
}

impl<'m> Roles<'m> {
    fn of(model: &'m Model) -> Self {
        let by_name = model
            .roles
            .iter()
            .map(|role| ((role.namespace.as_deref(), role.name.as_str()), role))
            .collect();
        Self {
            all: &model.roles,
            by_name,
        }
    }

    fn permissions(&self, binding: &Binding) -> Vec<Permission> {
        let namespace = binding
            .namespace
            .as_deref()
            .filter(|_| !binding.role.cluster);
        let name = binding.role.name.as_str();
        let declared = self.by_name.get(&(namespace, name)).copied();
        match declared.filter(|role| !role.rules.is_empty() || !role.aggregates.is_empty()) {
            Some(role) => self.declared(role),
            None if binding.role.cluster => Role::built_in(name, &binding.role_origin)
                .map_or_else(Vec::new, |role| self.declared(&role)),
            None => Vec::new(),
        }
    }

    /// Rules of a declared role and of those that it aggregates, at any depth.
    fn declared(&self, role: &Role) -> Vec<Permission> {
        let mut seen = BTreeSet::new();
        let mut wanted = vec![role];
        let mut found = Vec::new();
        while let Some(next) = wanted.pop() {
            if !seen.insert(&next.id) {
                continue;
            }
            for rule in &next.rules {
                expand(rule, &role.id, &mut found);
            }
            wanted.extend(self.all.iter().filter(|other| {
                other.namespace.is_none()
                    && next
                        .aggregates
                        .iter()
                        .any(|selector| selector.matches(&other.labels))
            }));
        }
        found
    }
}

fn expand(rule: &PolicyRule, role: &NodeId, into: &mut Vec<Permission>) {
    let mut names = rule.resource_names.clone();
    names.sort();
    for verb in &rule.verbs {
        let permission = |api_group: &str, resource: &str, names: Vec<String>| Permission {
            api_group: api_group.to_owned(),
            resource: resource.to_owned(),
            verb: verb.clone(),
            names,
            role: role.clone(),
            origin: rule.origin.clone(),
        };
        for group in &rule.api_groups {
            for resource in &rule.resources {
                into.push(permission(group, resource, names.clone()));
            }
        }
        for path in &rule.non_resource_urls {
            // A path stands in no API group; `*` alone is kept apart from "every resource".
            let path = if path == "*" { "/*" } else { path.as_str() };
            into.push(permission("", path, Vec::new()));
        }
    }
}

//! Which workloads a policy, a service or a door selects.

use palisade_model::{
    Control, ControlKind, EntryPoint, Labels, MeshScope, Model, NetworkPolicy, Selector, Service,
    Workload,
};

/// Every label set that pods of a workload are known to have.
pub(crate) fn label_sets(workload: &Workload) -> impl Iterator<Item = &Labels> {
    std::iter::once(&workload.pod_labels).chain(&workload.other_pod_labels)
}

/// Whether a selector matches pods of a workload.
pub(crate) fn pods_match(selector: &Selector, workload: &Workload) -> bool {
    label_sets(workload).any(|labels| selector.matches(labels))
}

/// Whether a selector over namespaces matches the namespace of this name.
pub(crate) fn namespace_matches(model: &Model, selector: &Selector, name: &str) -> bool {
    if selector.is_everything() {
        return true;
    }
    match model.namespace(name) {
        Some(zone) => selector.matches(&zone.labels),
        None => selector.matches(&Labels::from([(
            "kubernetes.io/metadata.name".to_owned(),
            name.to_owned(),
        )])),
    }
}

/// Whether a network policy is about a workload.
pub(crate) fn policy_selects(model: &Model, policy: &NetworkPolicy, workload: &Workload) -> bool {
    let subject = &policy.subject;
    let here = match &subject.namespace {
        Some(name) => *name == workload.namespace,
        None => namespace_matches(model, &subject.namespace_selector, &workload.namespace),
    };
    here && pods_match(&subject.pods, workload)
}

/// The workloads among which a network policy selects.
pub(crate) fn subject_to<'m>(model: &'m Model, policy: &NetworkPolicy) -> &'m [Workload] {
    match &policy.subject.namespace {
        Some(namespace) => model.workloads_in(namespace),
        None => &model.workloads,
    }
}

/// The workloads among which a mesh policy selects.
pub(crate) fn in_reach<'m>(model: &'m Model, scope: &MeshScope) -> &'m [Workload] {
    if scope.root && scope.targets.is_empty() {
        &model.workloads
    } else {
        model.workloads_in(&scope.namespace)
    }
}

/// Whether a mesh policy is about a workload.
pub(crate) fn scope_selects(model: &Model, scope: &MeshScope, workload: &Workload) -> bool {
    if !scope.targets.is_empty() {
        return scope.targets.iter().any(|target| {
            target.kind == "Service"
                && model
                    .service(&scope.namespace, &target.name)
                    .is_some_and(|service| service_selects(service, workload))
        });
    }
    (scope.root || scope.namespace == workload.namespace)
        && scope
            .selector
            .as_ref()
            .is_none_or(|selector| pods_match(selector, workload))
}

/// Whether pods of a workload stand behind a service.
pub(crate) fn service_selects(service: &Service, workload: &Workload) -> bool {
    service.namespace == workload.namespace
        && service
            .selector
            .as_ref()
            .is_some_and(|selector| !selector.is_everything() && pods_match(selector, workload))
}

/// The workloads behind a service.
pub(crate) fn behind<'m>(
    model: &'m Model,
    service: &'m Service,
) -> impl Iterator<Item = &'m Workload> {
    model
        .workloads_in(&service.namespace)
        .iter()
        .filter(move |workload| service_selects(service, workload))
}

/// The services that a door leads to, where the code declares them.
pub(crate) fn services_of<'m>(
    model: &'m Model,
    entry: &'m EntryPoint,
) -> impl Iterator<Item = &'m Service> {
    entry
        .backends
        .iter()
        .filter_map(move |backend| model.service(&backend.namespace, &backend.service))
}

/// The network policies that hold, with their declarations.
pub(crate) fn network_policies(model: &Model) -> impl Iterator<Item = (&Control, &NetworkPolicy)> {
    model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Network(policy) => Some((control, policy)),
            _ => None,
        })
}

/// Names for a sentence: the first three in backticks, then how many more.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A count with its noun, in the plural where needed.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

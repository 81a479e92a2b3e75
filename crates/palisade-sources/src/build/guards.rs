//! Which workloads a guard is about.

use palisade_model::{
    Control, ControlKind, Edge, EdgeKind, MeshScope, Model, PolicySubject, Workload,
};

use super::edges::{plain, selects};

/// Adds an edge from every guard to every workload that it is about.
pub(super) fn add(model: &mut Model) {
    let mut edges: Vec<Edge> = Vec::new();
    for control in &model.controls {
        for workload in &model.workloads {
            if is_about(model, control, workload) {
                let edge = plain(EdgeKind::Guards, &control.id, &workload.id, &control.origin);
                edges.push(edge);
            }
        }
    }
    model.edges.append(&mut edges);
}

fn is_about(model: &Model, control: &Control, workload: &Workload) -> bool {
    let same_namespace = control.namespace.as_ref() == Some(&workload.namespace);
    match &control.kind {
        ControlKind::Network(policy) => covers(model, &policy.subject, workload),
        ControlKind::PeerAuthentication(policy) => in_scope(&policy.scope, workload),
        ControlKind::Authorization(policy) => in_scope(&policy.scope, workload),
        ControlKind::RequestAuthentication(policy) => in_scope(&policy.scope, workload),
        ControlKind::Sidecar(policy) => in_scope(&policy.scope, workload),
        ControlKind::Telemetry(policy) => in_scope(&policy.scope, workload),
        ControlKind::LinkerdServer(server) => same_namespace && selects(&server.pods, workload),
        ControlKind::DisruptionBudget { pods } => same_namespace && selects(pods, workload),
        ControlKind::Autoscaler {
            target_kind,
            target_name,
            ..
        } => same_namespace && *target_name == workload.name && target_kind == workload.kind.name(),
        ControlKind::LimitRange { .. } | ControlKind::ResourceQuota => same_namespace,
        _ => false,
    }
}

fn covers(model: &Model, subject: &PolicySubject, workload: &Workload) -> bool {
    let namespace = match &subject.namespace {
        Some(name) => *name == workload.namespace,
        None => model
            .namespace(&workload.namespace)
            .is_some_and(|zone| subject.namespace_selector.matches(&zone.labels)),
    };
    namespace && selects(&subject.pods, workload)
}

fn in_scope(scope: &MeshScope, workload: &Workload) -> bool {
    let namespace = scope.root || scope.namespace == workload.namespace;
    let pods = scope
        .selector
        .as_ref()
        .is_none_or(|selector| selects(selector, workload));
    namespace && pods && scope.targets.is_empty()
}

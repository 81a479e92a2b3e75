//! Which workloads a guard is about.

use palisade_model::{
    Control, ControlKind, Edge, EdgeKind, MeshScope, Model, Workload, Zone, ZoneKind,
};

use super::edges::{ByNamespace, plain, selects};

/// Adds an edge from every guard to every workload that it is about.
pub(super) fn add(model: &mut Model) {
    let workloads = ByNamespace::of(model);
    let mut edges: Vec<Edge> = Vec::new();
    for control in &model.controls {
        for namespace in namespaces(model, control) {
            for workload in workloads.inside(namespace) {
                if is_about(control, workload) {
                    let edge = plain(EdgeKind::Guards, &control.id, &workload.id, &control.origin);
                    edges.push(edge);
                }
            }
        }
    }
    model.edges.append(&mut edges);
}

/// Where the workloads of a guard can be.
fn namespaces<'m>(model: &'m Model, control: &'m Control) -> Vec<&'m str> {
    let all = |picks: &dyn Fn(&Zone) -> bool| -> Vec<&'m str> {
        let zones = model.zones.iter();
        zones
            .filter(|zone| zone.kind == ZoneKind::Namespace && picks(zone))
            .map(|zone| zone.name.as_str())
            .collect()
    };
    if let ControlKind::Network(policy) = &control.kind {
        let subject = &policy.subject;
        return match &subject.namespace {
            Some(name) => vec![name.as_str()],
            None => all(&|zone| subject.namespace_selector.matches(&zone.labels)),
        };
    }
    match (&control.namespace, scope(control)) {
        (_, Some(scope)) if scope.root => all(&|_| true),
        (Some(namespace), _) => vec![namespace.as_str()],
        (None, _) => Vec::new(),
    }
}

fn scope(control: &Control) -> Option<&MeshScope> {
    match &control.kind {
        ControlKind::PeerAuthentication(policy) => Some(&policy.scope),
        ControlKind::Authorization(policy) => Some(&policy.scope),
        ControlKind::RequestAuthentication(policy) => Some(&policy.scope),
        ControlKind::Sidecar(policy) => Some(&policy.scope),
        ControlKind::Telemetry(policy) => Some(&policy.scope),
        _ => None,
    }
}

/// Whether a guard is about a workload of one of its namespaces.
fn is_about(control: &Control, workload: &Workload) -> bool {
    if let Some(scope) = scope(control) {
        let pods = scope.selector.as_ref();
        return scope.targets.is_empty() && pods.is_none_or(|pods| selects(pods, workload));
    }
    match &control.kind {
        ControlKind::Network(policy) => selects(&policy.subject.pods, workload),
        ControlKind::LinkerdServer(server) => selects(&server.pods, workload),
        ControlKind::DisruptionBudget { pods } => selects(pods, workload),
        ControlKind::Autoscaler {
            target_kind,
            target_name,
            ..
        } => *target_name == workload.name && target_kind == workload.kind.name(),
        ControlKind::LimitRange { .. } | ControlKind::ResourceQuota => true,
        _ => false,
    }
}

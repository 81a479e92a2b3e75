//! Relations that follow from names and selectors.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Edge, EdgeKind, EntryKind, Model, Mount, NodeId, NodeKind, Origin, Selector, Service,
    VolumeSource, Workload,
};

use super::{data, delivery, identities, images};
use crate::formats::kubernetes::rbac::scoped_id;

/// Whether a selector picks any of a workload's pods.
pub(super) fn selects(selector: &Selector, workload: &Workload) -> bool {
    selector.matches(&workload.pod_labels)
        || workload
            .other_pod_labels
            .iter()
            .any(|labels| selector.matches(labels))
}

/// Workloads by namespace, so that selectors look only where they hold.
pub(super) struct ByNamespace<'m> {
    workloads: BTreeMap<&'m str, Vec<&'m Workload>>,
}

impl<'m> ByNamespace<'m> {
    /// Those of a model.
    pub(super) fn of(model: &'m Model) -> Self {
        let mut workloads: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
        for workload in &model.workloads {
            workloads
                .entry(&workload.namespace)
                .or_default()
                .push(workload);
        }
        Self { workloads }
    }

    /// Those of a namespace.
    pub(super) fn inside(&self, namespace: &str) -> &[&'m Workload] {
        self.workloads.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Those behind a service.
    pub(super) fn behind(&self, service: &Service) -> Vec<&'m Workload> {
        let Some(selector) = &service.selector else {
            return Vec::new();
        };
        self.inside(&service.namespace)
            .iter()
            .copied()
            .filter(|workload| selects(selector, workload))
            .collect()
    }
}

/// An edge that carries no traffic.
pub(super) fn plain(kind: EdgeKind, from: &NodeId, to: &NodeId, origin: &Origin) -> Edge {
    Edge {
        kind,
        from: from.clone(),
        to: to.clone(),
        flow: None,
        origin: origin.clone(),
    }
}

/// Adds every relation but guards and flows.
pub(super) fn add(model: &mut Model) {
    let mut edges = Vec::new();
    contains(model, &mut edges);
    let datasets: BTreeSet<&NodeId> = model.datasets.iter().map(|it| &it.id).collect();
    for workload in &model.workloads {
        of_workload(&datasets, workload, &mut edges);
    }
    exposes(model, &mut edges);
    grants(model, &mut edges);
    delivery::add(model, &mut edges);
    model.edges.append(&mut edges);
}

fn contains(model: &Model, edges: &mut Vec<Edge>) {
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    for zone in model.zones.iter().filter(|zone| zone.id != cluster) {
        edges.push(plain(EdgeKind::Contains, &cluster, &zone.id, &zone.origin));
    }
    let mut hold = |namespace: &str, id: &NodeId, origin: &Origin| {
        let zone = NodeId::new(NodeKind::Zone, &format!("namespace/{namespace}"));
        edges.push(plain(EdgeKind::Contains, &zone, id, origin));
    };
    for node in &model.workloads {
        hold(&node.namespace, &node.id, &node.origin);
    }
    for node in &model.services {
        hold(&node.namespace, &node.id, &node.origin);
    }
    for node in &model.entry_points {
        hold(&node.namespace, &node.id, &node.origin);
    }
    for node in &model.datasets {
        hold(&node.namespace, &node.id, &node.origin);
    }
    for node in &model.secrets {
        if let Some(namespace) = &node.namespace {
            hold(namespace, &node.id, &node.origin);
        }
    }
    for node in &model.identities {
        if let Some(namespace) = &node.namespace {
            hold(namespace, &node.id, &node.origin);
        }
    }
}

fn of_workload(datasets: &BTreeSet<&NodeId>, workload: &Workload, edges: &mut Vec<Edge>) {
    let account = workload.service_account.as_ref();
    let origin = account.map_or(&workload.pod_origin, |fact| &fact.origin);
    let identity = identities::of_workload(workload);
    edges.push(plain(EdgeKind::RunsAs, &workload.id, &identity, origin));
    for container in &workload.containers {
        if let Some(image) = &container.image {
            let id = images::id(&image.value);
            edges.push(plain(EdgeKind::Uses, &workload.id, &id, &image.origin));
        }
    }
    for (name, origin) in data::referred_secrets(workload) {
        let full_name = format!("{}/{name}", workload.namespace);
        let id = NodeId::new(NodeKind::Secret, &full_name);
        edges.push(plain(EdgeKind::Uses, &workload.id, &id, &origin));
    }
    for volume in &workload.volumes {
        if let VolumeSource::Image { image } = &volume.source {
            let id = images::id(&image.value);
            edges.push(plain(EdgeKind::Uses, &workload.id, &id, &image.origin));
        }
        let VolumeSource::Claim { name } = &volume.source else {
            continue;
        };
        let full_name = format!("{}/{name}", workload.namespace);
        let id = NodeId::new(NodeKind::Dataset, &full_name);
        if !datasets.contains(&id) {
            continue;
        }
        let mounts: Vec<&Mount> = workload
            .containers
            .iter()
            .flat_map(|container| &container.mounts)
            .filter(|mount| mount.volume == volume.name)
            .collect();
        if let Some(mount) = mounts.first() {
            edges.push(plain(EdgeKind::Reads, &workload.id, &id, &mount.origin));
        }
        if let Some(mount) = mounts.iter().find(|mount| !mount.read_only) {
            edges.push(plain(EdgeKind::Writes, &workload.id, &id, &mount.origin));
        }
    }
}

fn exposes(model: &Model, edges: &mut Vec<Edge>) {
    let workloads = ByNamespace::of(model);
    for service in &model.services {
        for workload in workloads.behind(service) {
            let edge = plain(
                EdgeKind::Exposes,
                &service.id,
                &workload.id,
                &service.origin,
            );
            edges.push(edge);
        }
    }
    for entry in &model.entry_points {
        if entry.kind == EntryKind::HostPort {
            let opened = model.workloads.iter().filter(|workload| {
                workload.namespace == entry.namespace && workload.name == entry.name
            });
            for workload in opened {
                edges.push(plain(
                    EdgeKind::Exposes,
                    &entry.id,
                    &workload.id,
                    &entry.origin,
                ));
            }
        }
        let mut seen = BTreeSet::new();
        for backend in entry.backends.iter().filter(|backend| backend.permitted) {
            let Some(service) = model.service(&backend.namespace, &backend.service) else {
                continue;
            };
            if seen.insert(&service.id) {
                edges.push(plain(
                    EdgeKind::Exposes,
                    &entry.id,
                    &service.id,
                    &backend.origin,
                ));
            }
        }
    }
}

fn grants(model: &Model, edges: &mut Vec<Edge>) {
    let roles: BTreeSet<&NodeId> = model.roles.iter().map(|role| &role.id).collect();
    for binding in &model.bindings {
        let namespace = binding
            .namespace
            .as_deref()
            .filter(|_| !binding.role.cluster);
        let role = scoped_id(NodeKind::Role, namespace, &binding.role.name);
        if !roles.contains(&role) {
            continue;
        }
        for subject in &binding.subjects {
            let identity = identities::of_subject(subject);
            edges.push(plain(EdgeKind::Grants, &role, &identity, &subject.origin));
        }
    }
}

//! Part in a service mesh: the pod's word before its namespace's.

use std::collections::BTreeMap;

use palisade_model::{Fact, MeshMembership, Model, Workload, ZoneKind};

use crate::formats::kubernetes::membership::of_namespace;

/// Resolves the membership of every declaration.
pub(super) fn resolve(model: &mut Model) {
    let namespaces: BTreeMap<String, MeshMembership> = model
        .zones
        .iter()
        .filter(|zone| zone.kind == ZoneKind::Namespace)
        .map(|zone| (zone.name.clone(), of_namespace(zone)))
        .collect();
    let Model {
        workloads,
        other_declarations,
        ..
    } = model;
    for workload in workloads.iter_mut().chain(other_declarations) {
        let said = namespaces.get(&workload.namespace);
        if let Some(said) = said.filter(|said| **said != MeshMembership::default()) {
            inherit(&mut workload.mesh, said);
        }
        leave_on_host_network(workload);
    }
}

fn inherit(pod: &mut MeshMembership, said: &MeshMembership) {
    let or = |own: &mut Option<Fact<bool>>, other: &Option<Fact<bool>>| {
        if own.is_none() {
            own.clone_from(other);
        }
    };
    or(&mut pod.istio_sidecar, &said.istio_sidecar);
    or(&mut pod.istio_ambient, &said.istio_ambient);
    or(&mut pod.linkerd, &said.linkerd);
    if pod.waypoint.is_none() {
        pod.waypoint.clone_from(&said.waypoint);
    }
    if pod.linkerd_inbound_policy.is_none() {
        pod.linkerd_inbound_policy
            .clone_from(&said.linkerd_inbound_policy);
    }
    if pod.excluded_inbound.is_empty() {
        pod.excluded_inbound.clone_from(&said.excluded_inbound);
    }
    if pod.excluded_outbound.is_empty() {
        pod.excluded_outbound.clone_from(&said.excluded_outbound);
    }
}

/// Neither Istio nor Linkerd takes the traffic of a pod on its node's network.
fn leave_on_host_network(workload: &mut Workload) {
    let Some(host) = workload
        .security
        .host_network
        .as_ref()
        .filter(|host| host.value)
    else {
        return;
    };
    let mesh: &mut MeshMembership = &mut workload.mesh;
    for member in [
        &mut mesh.istio_sidecar,
        &mut mesh.istio_ambient,
        &mut mesh.linkerd,
    ] {
        if member.is_some() {
            *member = Some(Fact::new(false, host.origin.clone()));
        }
    }
}

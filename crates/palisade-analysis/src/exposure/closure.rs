//! Everything that the internet reaches when each workload on the way is taken over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use palisade_model::{EdgeKind, Model, NodeId, Workload};

use crate::exposure::{Door, InternetPath};
use crate::mesh::{Caller, MeshView};
use crate::reachability::{ConnectionSet, Reachability};

/// Workloads with the same key have the same calls open to them.
type CallerKey<'m> = (Vec<u32>, &'m str, &'m str, bool);

/// The shortest way to each workload and dataset, by target.
pub(super) fn from_doors<'m>(
    model: &'m Model,
    reachability: &Reachability<'m>,
    mesh: &MeshView<'m>,
    doors: &[Door],
) -> Vec<InternetPath> {
    let mut ways: BTreeMap<&NodeId, Vec<NodeId>> = BTreeMap::new();
    let mut queue: VecDeque<&'m Workload> = VecDeque::new();
    for door in doors.iter().filter(|door| door.network_allowed) {
        let Some(workload) = model.workload(&door.workload) else {
            continue;
        };
        if !ways.contains_key(&workload.id) {
            ways.insert(&workload.id, vec![door.entry.clone(), workload.id.clone()]);
            queue.push_back(workload);
        }
    }
    let mut expanded: BTreeSet<CallerKey<'m>> = BTreeSet::new();
    let mut waiting: Vec<&'m Workload> = model
        .workloads
        .iter()
        .filter(|workload| !ways.contains_key(&workload.id))
        .collect();
    while let Some(from) = queue.pop_front() {
        // The same calls are open to it as to one before; none of them is new.
        if !expanded.insert(key(reachability, from)) {
            continue;
        }
        let mut open: BTreeMap<&[u32], ConnectionSet> = BTreeMap::new();
        let way = ways.get(&from.id).cloned().unwrap_or_default();
        waiting.retain(|to| {
            let set = open
                .entry(reachability.classes_of(&to.id))
                .or_insert_with(|| reachability.allowed(&from.id, &to.id));
            if !may_call(mesh, from, to, set) {
                return true;
            }
            let hops = way.iter().cloned().chain([to.id.clone()]).collect();
            ways.insert(&to.id, hops);
            queue.push_back(to);
            false
        });
    }
    let mut paths = datasets(model, &ways);
    paths.extend(ways.into_iter().map(|(target, hops)| InternetPath {
        target: target.clone(),
        hops,
    }));
    paths.sort();
    paths
}

fn key<'m>(reachability: &Reachability<'_>, workload: &'m Workload) -> CallerKey<'m> {
    let account = workload.service_account.as_ref();
    (
        reachability.classes_of(&workload.id).to_vec(),
        &workload.namespace,
        account.map_or("", |fact| fact.value.as_str()),
        workload.mesh.is_member() && workload.mesh.excluded_outbound.is_empty(),
    )
}

/// Whether some declared port of a workload is open to another, by network policy and mesh. One
/// that declares no port counts when anything is open.
fn may_call(mesh: &MeshView<'_>, from: &Workload, to: &Workload, open: &ConnectionSet) -> bool {
    if open.is_empty() || from.id == to.id {
        return false;
    }
    let mut ports = to
        .containers
        .iter()
        .flat_map(|container| &container.ports)
        .peekable();
    ports.peek().is_none()
        || ports.any(|port| {
            open.contains(port.protocol, port.port)
                && mesh
                    .authorization(Caller::Workload(&from.id), &to.id, port.port)
                    .may_pass()
        })
}

/// Datasets that a reached workload serves, reads or writes.
fn datasets(model: &Model, ways: &BTreeMap<&NodeId, Vec<NodeId>>) -> Vec<InternetPath> {
    let served = model
        .datasets
        .iter()
        .filter_map(|dataset| Some((dataset.served_by.as_ref()?, &dataset.id)));
    let used = model
        .edges
        .iter()
        .filter(|edge| matches!(edge.kind, EdgeKind::Reads | EdgeKind::Writes))
        .map(|edge| (&edge.from, &edge.to));
    let mut best: BTreeMap<&NodeId, Vec<NodeId>> = BTreeMap::new();
    for (workload, dataset) in served.chain(used) {
        let Some(way) = ways.get(workload) else {
            continue;
        };
        let hops: Vec<NodeId> = way.iter().cloned().chain([dataset.clone()]).collect();
        let shorter = best
            .get(dataset)
            .is_none_or(|known| (hops.len(), &hops) < (known.len(), known));
        if shorter {
            best.insert(dataset, hops);
        }
    }
    best.into_iter()
        .map(|(target, hops)| InternetPath {
            target: target.clone(),
            hops,
        })
        .collect()
}

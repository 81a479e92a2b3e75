//! Everything that the internet reaches when each workload on the way is taken over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use palisade_model::{EdgeKind, Model, NodeId, Workload};

use crate::exposure::{Door, InternetPath};
use crate::mesh::{Caller, DEFAULT_ACCOUNT, Membership, MeshView, membership_of};
use crate::reachability::{Calls, ConnectionSet, Reachability};

/// Workloads with the same key have the same calls open to them.
type CallerKey<'m> = (Vec<u32>, &'m str, &'m str, Membership, bool);

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
    let unreached = model
        .workloads
        .iter()
        .filter(|workload| !ways.contains_key(&workload.id));
    let mut waiting = Waiting::of(unreached, reachability, mesh);
    while let Some(from) = queue.pop_front() {
        // The same calls are open to it as to one before; none of them is new.
        if !expanded.insert(key(reachability, from)) {
            continue;
        }
        let way = ways.get(&from.id).cloned().unwrap_or_default();
        for to in waiting.called_by(from) {
            let hops = way.iter().cloned().chain([to.id.clone()]).collect();
            ways.insert(&to.id, hops);
            queue.push_back(to);
        }
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
        membership_of(workload),
        workload.mesh.excluded_outbound.is_empty(),
    )
}

/// Workloads that nothing has reached yet, by what can reach them at all.
struct Waiting<'a, 'm> {
    reachability: &'a Reachability<'m>,
    mesh: &'a MeshView<'m>,
    calls: Calls<'a, 'm>,
    /// Those that any caller may reach, by class; a workload may stand under several.
    anybody: BTreeMap<u32, Vec<&'m Workload>>,
    /// Those that only some identities may reach: namespace and service account.
    identities: BTreeMap<(&'m str, &'m str), Vec<&'m Workload>>,
    /// Those that only some namespaces may reach.
    namespaces: BTreeMap<&'m str, Vec<&'m Workload>>,
    reached: BTreeSet<&'m NodeId>,
}

impl<'a, 'm> Waiting<'a, 'm> {
    fn of(
        unreached: impl Iterator<Item = &'m Workload>,
        reachability: &'a Reachability<'m>,
        mesh: &'a MeshView<'m>,
    ) -> Self {
        let mut anybody: BTreeMap<u32, Vec<&Workload>> = BTreeMap::new();
        let mut identities: BTreeMap<_, Vec<&Workload>> = BTreeMap::new();
        let mut namespaces: BTreeMap<_, Vec<&Workload>> = BTreeMap::new();
        for workload in unreached {
            let Some(admitted) = mesh.admitted(workload) else {
                for class in reachability.classes_of(&workload.id) {
                    anybody.entry(*class).or_default().push(workload);
                }
                continue;
            };
            for identity in admitted.identities {
                identities.entry(identity).or_default().push(workload);
            }
            for namespace in admitted.namespaces {
                namespaces.entry(namespace).or_default().push(workload);
            }
        }
        Self {
            reachability,
            mesh,
            calls: Calls::new(reachability, anybody.keys().copied()),
            anybody,
            identities,
            namespaces,
            reached: BTreeSet::new(),
        }
    }

    /// Takes out the workloads that one may call, in the order of their ids.
    fn called_by(&mut self, from: &'m Workload) -> Vec<&'m Workload> {
        let mut found: BTreeMap<&NodeId, &'m Workload> = BTreeMap::new();
        for (class, open) in self.calls.of(&from.id) {
            let Some(list) = self.anybody.get_mut(&class) else {
                continue;
            };
            list.retain(|to| {
                if self.reached.contains(&to.id) || found.contains_key(&to.id) {
                    return false;
                }
                let called = may_call(self.mesh, from, to, &open);
                if called {
                    found.insert(&to.id, to);
                }
                !called
            });
            if list.is_empty() {
                self.calls.leave(class);
            }
        }
        let namespace = from.namespace.as_str();
        let account = from.service_account.as_ref();
        let account = account.map_or(DEFAULT_ACCOUNT, |fact| fact.value.as_str());
        let lists = [
            self.identities.get_mut(&(namespace, account)),
            self.namespaces.get_mut(namespace),
        ];
        for list in lists.into_iter().flatten() {
            list.retain(|to| {
                if self.reached.contains(&to.id) || found.contains_key(&to.id) {
                    return false;
                }
                let open = self.reachability.allowed(&from.id, &to.id);
                let called = may_call(self.mesh, from, to, &open);
                if called {
                    found.insert(&to.id, to);
                }
                !called
            });
        }
        self.reached.extend(found.keys());
        found.into_values().collect()
    }
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

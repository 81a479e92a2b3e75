//! Pairs of peers with what is allowed between them, expanded one source at a time.

use std::collections::BTreeMap;

use palisade_model::Workload;

use super::sets::{NONE, SetId, Sets};
use super::{ConnectionSet, ExternalRange, Reachability, number, slot};

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Peer<'m> {
    /// A workload.
    Workload(&'m Workload),
    /// Addresses outside the cluster.
    External(ExternalRange),
}

/// What may go from one peer to another; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection<'m> {
    /// Source.
    pub from: Peer<'m>,
    /// Destination.
    pub to: Peer<'m>,
    /// Connections; a clone of a shared set.
    pub allowed: ConnectionSet,
}

impl<'m> Reachability<'m> {
    /// Every pair with a connection: workloads to workloads and to the outside, then the outside
    /// to workloads. A workload with itself is left out.
    pub fn connections(&self) -> impl Iterator<Item = Connection<'m>> + '_ {
        let count = number(self.model.workloads.len());
        let mut sets = self.sets.clone();
        let mut outside = self.sets.clone();
        let inside = (0..count).flat_map(move |from| self.sent_by(from, &mut sets));
        let into = (0..count).flat_map(move |to| self.received_by(to, &mut outside));
        inside.chain(into)
    }

    /// Connections from one workload, by its place in the model.
    fn sent_by(&self, from: u32, sets: &mut Sets) -> Vec<Connection<'m>> {
        let Some(source) = self.workload(from) else {
            return Vec::new();
        };
        let mut targets: BTreeMap<u32, SetId> = BTreeMap::new();
        let mut atoms: BTreeMap<usize, SetId> = BTreeMap::new();
        for class in self.classes_of(&source.id) {
            self.reached(*class, sets, &mut targets);
            for (atom, id) in self.classes.atoms().enumerate() {
                let set = self.egress.of(*class).map_or(NONE, |row| row.with(id));
                let known = atoms.entry(atom).or_insert(NONE);
                *known = sets.union(*known, set);
            }
        }
        targets.remove(&from);
        let pods = targets.into_iter().filter_map(|(to, set)| {
            Some(Connection {
                from: Peer::Workload(source),
                to: Peer::Workload(self.workload(to)?),
                allowed: sets.get(set),
            })
        });
        let mut out: Vec<Connection<'m>> = pods.collect();
        out.extend(
            self.ranges(&atoms)
                .into_iter()
                .map(|(range, set)| Connection {
                    from: Peer::Workload(source),
                    to: Peer::External(range),
                    allowed: sets.get(set),
                }),
        );
        out
    }

    /// Workloads that a class reaches, with what it may send them.
    fn reached(&self, class: u32, sets: &mut Sets, targets: &mut BTreeMap<u32, SetId>) {
        let Some(egress) = self.egress.of(class) else {
            return;
        };
        for (row, _, let_in) in self.inbound.to(class, &self.ingress) {
            for (sent, peers) in &egress.cells {
                let set = sets.intersect(*sent, let_in);
                if set == NONE {
                    continue;
                }
                let members = row
                    .subjects
                    .and(peers)
                    .iter()
                    .filter_map(|target| self.classes.members.get(slot(target)))
                    .flatten()
                    .copied()
                    .collect::<Vec<u32>>();
                for member in members {
                    let known = targets.entry(member).or_insert(NONE);
                    *known = sets.union(*known, set);
                }
            }
        }
    }

    /// Connections from the outside to one workload.
    fn received_by(&self, to: u32, sets: &mut Sets) -> Vec<Connection<'m>> {
        let Some(target) = self.workload(to) else {
            return Vec::new();
        };
        let mut atoms: BTreeMap<usize, SetId> = BTreeMap::new();
        for class in self.classes_of(&target.id) {
            for (atom, id) in self.classes.atoms().enumerate() {
                let set = self.ingress.of(*class).map_or(NONE, |row| row.with(id));
                let known = atoms.entry(atom).or_insert(NONE);
                *known = sets.union(*known, set);
            }
        }
        self.ranges(&atoms)
            .into_iter()
            .map(|(range, set)| Connection {
                from: Peer::External(range),
                to: Peer::Workload(target),
                allowed: sets.get(set),
            })
            .collect()
    }

    /// Neighbouring atoms with equal sets as one range each; empty sets are left out.
    fn ranges(&self, atoms: &BTreeMap<usize, SetId>) -> Vec<(ExternalRange, SetId)> {
        let space = &self.classes.space;
        let mut runs: Vec<(usize, usize, SetId)> = Vec::new();
        for (&atom, &set) in atoms {
            match runs.last_mut() {
                Some((_, last, known)) if *known == set && !space.begins_family(atom) => {
                    *last = atom;
                }
                _ => runs.push((atom, atom, set)),
            }
        }
        runs.into_iter()
            .filter(|(_, _, set)| *set != NONE)
            .filter_map(|(first, last, set)| Some((space.range(first, last)?, set)))
            .collect()
    }
}

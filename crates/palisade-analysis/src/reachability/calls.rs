//! What one workload after the other may call, of those that are still waited for.

use std::collections::BTreeMap;

use palisade_model::NodeId;

use super::bitmap::Bitmap;
use super::sets::{NONE, SetId, Sets};
use super::{ConnectionSet, Reachability};

/// Classes that are still waited for, while a search goes on from workload to workload.
#[derive(Debug)]
pub(crate) struct Calls<'r, 'm> {
    reachability: &'r Reachability<'m>,
    sets: Sets,
    waiting: Bitmap,
}

impl<'r, 'm> Calls<'r, 'm> {
    /// A search that waits for these classes.
    pub(crate) fn new(
        reachability: &'r Reachability<'m>,
        waiting: impl Iterator<Item = u32>,
    ) -> Self {
        let mut bitmap = Bitmap::empty(reachability.classes.len());
        waiting.for_each(|class| bitmap.insert(class));
        Self {
            reachability,
            sets: reachability.sets.clone(),
            waiting: bitmap,
        }
    }

    /// A class is no longer waited for.
    pub(crate) fn leave(&mut self, class: u32) {
        self.waiting.remove_range(class, class.saturating_add(1));
    }

    /// Classes that a workload may send to and that are waited for, with what it may send.
    pub(crate) fn of(&mut self, from: &NodeId) -> Vec<(u32, ConnectionSet)> {
        let reachability = self.reachability;
        let mut found: BTreeMap<u32, SetId> = BTreeMap::new();
        for class in reachability.classes_of(from) {
            let Some(egress) = reachability.egress.of(*class) else {
                continue;
            };
            for (row, _, let_in) in reachability.inbound.to(*class, &reachability.ingress) {
                let subjects = row.subjects.and(&self.waiting);
                if subjects.is_empty() {
                    continue;
                }
                for (sent, peers) in &egress.cells {
                    let set = self.sets.intersect(*sent, let_in);
                    if set == NONE {
                        continue;
                    }
                    for target in subjects.and(peers).iter() {
                        let known = found.entry(target).or_insert(NONE);
                        *known = self.sets.union(*known, set);
                    }
                }
            }
        }
        let sets = &self.sets;
        found
            .into_iter()
            .map(|(class, set)| (class, sets.get(set)))
            .collect()
    }
}

//! Connection sets by number: each distinct set is kept once, and each operation is done once.

use indexmap::{IndexMap, IndexSet};

use super::connection_set::ConnectionSet;

/// The number of a connection set within one [`Sets`].
pub(super) type SetId = u32;

/// The empty set.
pub(super) const NONE: SetId = 0;
/// The full set.
pub(super) const ALL: SetId = 1;

/// So many results are remembered at once; nearly every model has fewer.
const REMEMBERED: usize = 1 << 20;

/// What is done with two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Union,
    Intersect,
    Subtract,
}

/// Distinct connection sets and the results of operations on them.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    sets: IndexSet<ConnectionSet>,
    done: IndexMap<(Operation, SetId, SetId), SetId>,
}

impl Sets {
    /// The empty and the full set.
    pub(super) fn new() -> Self {
        Self {
            sets: [ConnectionSet::none(), ConnectionSet::all()].into(),
            done: IndexMap::new(),
        }
    }

    /// The number of a set.
    pub(super) fn intern(&mut self, set: ConnectionSet) -> SetId {
        let (index, _) = self.sets.insert_full(set);
        SetId::try_from(index).unwrap_or(SetId::MAX)
    }

    /// The set of a number.
    pub(super) fn get(&self, id: SetId) -> ConnectionSet {
        usize::try_from(id)
            .ok()
            .and_then(|index| self.sets.get_index(index))
            .cloned()
            .unwrap_or_default()
    }

    /// How many distinct sets there are.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// Connections in either.
    pub(super) fn union(&mut self, left: SetId, right: SetId) -> SetId {
        match (left, right) {
            (NONE, other) | (other, NONE) => other,
            (ALL, _) | (_, ALL) => ALL,
            _ if left == right => left,
            _ => self.apply(Operation::Union, left.min(right), left.max(right)),
        }
    }

    /// Connections in both.
    pub(super) fn intersect(&mut self, left: SetId, right: SetId) -> SetId {
        match (left, right) {
            (NONE, _) | (_, NONE) => NONE,
            (ALL, other) | (other, ALL) => other,
            _ if left == right => left,
            _ => self.apply(Operation::Intersect, left.min(right), left.max(right)),
        }
    }

    /// Connections in the first and not in the second.
    pub(super) fn subtract(&mut self, left: SetId, right: SetId) -> SetId {
        match (left, right) {
            (NONE, _) | (_, ALL) => NONE,
            (other, NONE) => other,
            _ if left == right => NONE,
            _ => self.apply(Operation::Subtract, left, right),
        }
    }

    fn apply(&mut self, operation: Operation, left: SetId, right: SetId) -> SetId {
        if let Some(known) = self.done.get(&(operation, left, right)) {
            return *known;
        }
        let (a, b) = (self.get(left), self.get(right));
        let id = self.intern(match operation {
            Operation::Union => a.union(&b),
            Operation::Intersect => a.intersect(&b),
            Operation::Subtract => a.subtract(&b),
        });
        if self.done.len() >= REMEMBERED {
            self.done.clear();
        }
        self.done.insert((operation, left, right), id);
        id
    }
}

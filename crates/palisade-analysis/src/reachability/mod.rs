//! Who can reach what at L3/L4, by network policy: exact for what the code says.
//!
//! Start at [`Reachability::of`]. Workloads that no policy can tell apart form one class, addresses
//! outside form atoms, and each distinct list of policies is evaluated once; pairs of workloads are
//! only ever expanded by [`Reachability::connections`], on demand.
//!
//! Where the code does not say enough the answer is an upper bound: a rule that an L7 part narrows
//! counts as if it was not narrowed, and names outside count as all of the outside.

mod bitmap;
mod budget;
mod calls;
mod cells;
mod classes;
mod connection_set;
mod connections;
mod connlist;
mod explain;
mod join;
mod pods;
mod rows;
mod rules;
mod sets;
mod space;

use std::collections::BTreeMap;

use palisade_model::{Model, NetworkPolicy, NodeId, Workload};

pub(crate) use self::calls::Calls;
pub use self::classes::HostNetwork;
pub use self::connection_set::ConnectionSet;
pub use self::connections::{Connection, Peer};
pub use self::connlist::connlist;
pub use self::explain::{Deciding, Explanation, Tier};
pub use self::rules::Direction;
pub use self::space::ExternalRange;

use self::classes::{Classes, number, slot};
use self::join::{Inbound, Tables};
use self::rows::{Builder, Row, Rows};
use self::rules::Policies;
use self::sets::Sets;

/// Whether policies restrict a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isolation {
    /// Some namespaced policy selects it for ingress, or other tiers leave it nothing.
    pub ingress: bool,
    /// Some namespaced policy selects it for egress, or other tiers leave it nothing.
    pub egress: bool,
}

/// Sizes of the quotient, for those who watch its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Behaviour classes of pods.
    pub classes: usize,
    /// Atoms of the outside, of both families.
    pub atoms: usize,
    /// Distinct rows of both directions.
    pub rows: usize,
    /// Distinct connection sets.
    pub connection_sets: usize,
}

/// Reachability at L3/L4.
#[derive(Debug)]
pub struct Reachability<'m> {
    model: &'m Model,
    index: BTreeMap<&'m NodeId, u32>,
    policies: Policies<'m>,
    classes: Classes,
    sets: Sets,
    egress: Rows,
    ingress: Rows,
    inbound: Inbound,
    paths: u64,
    limit: Option<String>,
}

impl<'m> Reachability<'m> {
    /// Analyses a model; pods on the node's network are seen as part of their node.
    pub fn of(model: &'m Model) -> Self {
        Self::with(model, HostNetwork::OnNode)
    }

    /// Analyses a model with a view of pods on the node's network.
    pub fn with(model: &'m Model, host: HostNetwork) -> Self {
        let policies = Policies::of(model);
        let classes = Classes::of(model, &policies, host);
        let mut sets = Sets::new();
        let mut builder = Builder::new(&policies, &classes, &mut sets);
        let egress = builder.rows(Direction::Egress);
        let ingress = builder.rows(Direction::Ingress);
        let unfinished = builder.unfinished();
        let inbound = Inbound::of(&ingress, &classes);
        let index = model.workloads.iter().map(|workload| &workload.id);
        let mut out = Self {
            model,
            index: index.zip(0..).collect(),
            policies,
            classes,
            sets,
            egress,
            ingress,
            inbound,
            paths: 0,
            limit: None,
        };
        let mut sets = std::mem::replace(&mut out.sets, Sets::new());
        // Rows that allow everything would make the number an upper bound in any case.
        let paths = (unfinished == 0).then(|| out.tables().paths(model, &mut sets));
        let paths = paths.flatten();
        out.sets = sets;
        out.limit = limit(unfinished, paths.is_some());
        out.paths = paths.unwrap_or_else(|| join::all_paths(model));
        out
    }

    /// What could not be worked out exactly, in one sentence: the policies of this model split it
    /// into more behaviours than can be afforded. Answers then allow more than the policies do,
    /// never less.
    pub fn limit(&self) -> Option<&str> {
        self.limit.as_deref()
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            classes: &self.classes,
            egress: &self.egress,
            ingress: &self.ingress,
            inbound: &self.inbound,
        }
    }

    /// Classes of a workload; empty when the model has none of this id.
    pub(crate) fn classes_of(&self, workload: &NodeId) -> &[u32] {
        self.index
            .get(workload)
            .and_then(|at| self.classes.of_workload.get(slot(*at)))
            .map_or(&[], Vec::as_slice)
    }

    fn workload(&self, at: u32) -> Option<&'m Workload> {
        self.model.workloads.get(slot(at))
    }

    fn over_rows(
        &self,
        workload: &NodeId,
        rows: &Rows,
        of: impl Fn(&Row) -> ConnectionSet,
    ) -> ConnectionSet {
        self.classes_of(workload)
            .iter()
            .filter_map(|class| rows.of(*class))
            .fold(ConnectionSet::none(), |all, row| all.union(&of(row)))
    }

    /// What one workload may send to another: the union over their pods, nothing for unknown ids.
    pub fn allowed(&self, from: &NodeId, to: &NodeId) -> ConnectionSet {
        let tables = self.tables();
        let mut all = ConnectionSet::none();
        for source in self.classes_of(from) {
            for target in self.classes_of(to) {
                let (out, into) = tables.between(*source, *target);
                let both = self.sets.get(out).intersect(&self.sets.get(into));
                all = all.union(&both);
            }
        }
        all
    }

    /// What some address outside the cluster may send to a workload.
    pub fn from_internet(&self, to: &NodeId) -> ConnectionSet {
        self.over_rows(to, &self.ingress, |row| self.sets.get(row.outside))
    }

    /// What a workload may send to some address outside the cluster.
    pub fn to_internet(&self, from: &NodeId) -> ConnectionSet {
        self.over_rows(from, &self.egress, |row| self.sets.get(row.outside))
    }

    /// Whether policies restrict a workload: each of its pods, where they differ.
    pub fn isolation(&self, workload: &NodeId) -> Isolation {
        let classes = self.classes_of(workload);
        let closed = |rows: &Rows| {
            let restricted = |row: &Row| row.isolated || row.cells.is_empty();
            !classes.is_empty()
                && classes
                    .iter()
                    .all(|class| rows.of(*class).is_some_and(restricted))
        };
        Isolation {
            ingress: closed(&self.ingress),
            egress: closed(&self.egress),
        }
    }

    /// The policies that are asked about connections to a workload, in their order.
    pub(crate) fn ingress_policies(
        &self,
        workload: &NodeId,
    ) -> impl Iterator<Item = &'m NetworkPolicy> {
        let mut places: Vec<u32> = self
            .classes_of(workload)
            .iter()
            .filter_map(|class| self.ingress.of(*class))
            .flat_map(|row| row.policies.iter().copied())
            .collect();
        places.sort_unstable();
        places.dedup();
        places
            .into_iter()
            .filter_map(|place| self.policies.list.get(slot(place)))
            .map(|policy| policy.network)
    }

    /// Whether policies hold for a workload at all: not for pods on the node's network.
    pub fn enforceable(&self, workload: &NodeId) -> bool {
        let on_node = |class: &u32| {
            let signature = self.classes.signatures.get(slot(*class));
            signature.is_some_and(|signature| signature.on_node)
        };
        !self.classes_of(workload).iter().any(on_node)
    }

    /// Ordered triples of a source (a workload, or the internet as one), a destination workload and
    /// a declared port of it that is open to the source; a destination that declares no port counts
    /// once. Weighted by the sizes of classes.
    pub const fn path_count(&self) -> u64 {
        self.paths
    }

    /// Sizes of the quotient.
    pub fn stats(&self) -> Stats {
        Stats {
            classes: slot(self.classes.pods()),
            atoms: self.classes.space.len(),
            rows: self.egress.rows.len() + self.ingress.rows.len(),
            connection_sets: self.sets.len(),
        }
    }
}

fn limit(unfinished: usize, counted: bool) -> Option<String> {
    if unfinished > 0 {
        return Some(format!(
            "network policies combine in too many ways: {unfinished} combinations were not worked \
             out and count as if they allowed everything"
        ));
    }
    (!counted).then(|| {
        "workloads behave in too many ways to count the paths between them: the number counts \
         every pair as if it was open"
            .to_owned()
    })
}

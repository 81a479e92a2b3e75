//! Which workloads the internet reaches, through which door, with or without an identity.
//!
//! Start at [`Exposure::of`].

mod authentication;
mod closure;
mod doors;
mod network;

use std::collections::BTreeMap;

use palisade_model::{Model, NodeId, Port, Protocol};

use crate::mesh::MeshView;
use crate::reachability::Reachability;

/// Whether a door lets through only callers that it knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthState {
    /// It does; by what, in words.
    Authenticated(String),
    /// It does not.
    Unauthenticated,
    /// The code does not say.
    Unknown,
}

/// One way in: an entry point, the workload behind it, and the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    /// The entry point.
    pub entry: NodeId,
    /// The workload.
    pub workload: NodeId,
    /// The workload's port; `None` when the code does not say.
    pub port: Option<Port>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Whether callers are known.
    pub authenticated: AuthState,
    /// Whether network policy, and the mesh behind a gateway, let the traffic through.
    pub network_allowed: bool,
}

/// Something that the internet reaches, step by step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InternetPath {
    /// The workload or dataset.
    pub target: NodeId,
    /// Door, then workloads, then the target: the fewest steps.
    pub hops: Vec<NodeId>,
}

/// Exposure of workloads.
#[derive(Debug, Default)]
pub struct Exposure {
    doors: Vec<Door>,
    of_workload: BTreeMap<NodeId, Vec<usize>>,
    paths: Vec<InternetPath>,
}

impl Exposure {
    /// Analyses a model.
    pub fn of(model: &Model, reachability: &Reachability<'_>, mesh: &MeshView<'_>) -> Self {
        let doors = doors::Doors::of(model, reachability, mesh).all();
        let paths = closure::from_doors(model, reachability, mesh, &doors);
        let mut of_workload: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for (place, door) in doors.iter().enumerate() {
            let places = of_workload.entry(door.workload.clone()).or_default();
            places.push(place);
        }
        Self {
            doors,
            of_workload,
            paths,
        }
    }

    /// Every door, sorted.
    pub fn doors(&self) -> &[Door] {
        &self.doors
    }

    /// Doors that lead to a workload.
    pub fn doors_of(&self, workload: &NodeId) -> impl Iterator<Item = &Door> {
        let places = self.of_workload.get(workload).into_iter().flatten();
        places.filter_map(|place| self.doors.get(*place))
    }

    /// Whether the internet's traffic gets to a workload.
    pub fn is_exposed(&self, workload: &NodeId) -> bool {
        self.doors_of(workload).any(|door| door.network_allowed)
    }

    /// Doors that let anonymous traffic through to a workload.
    pub fn open_doors(&self) -> impl Iterator<Item = &Door> {
        self.doors.iter().filter(|door| {
            door.network_allowed && !matches!(door.authenticated, AuthState::Authenticated(_))
        })
    }

    /// Everything that the internet reaches when each workload on the way is taken over; sorted by
    /// target.
    pub fn reach_from_internet(&self) -> &[InternetPath] {
        &self.paths
    }
}

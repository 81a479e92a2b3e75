//! Which workloads network policies isolate.

use std::collections::BTreeMap;

use palisade_model::{Workload, Zone};

use crate::context::Context;

/// Of a connection, as the selected pod sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

/// A namespace with workloads that nothing isolates.
#[derive(Debug)]
pub(super) struct OpenNamespace<'m> {
    /// The namespace.
    pub(super) zone: &'m Zone,
    /// Workloads that are not isolated.
    pub(super) exposed: Vec<&'m Workload>,
    /// How many workloads it has on pod networks.
    pub(super) workloads: usize,
}

/// Whether policies close a workload unless a rule opens it.
pub(super) fn is_isolated(
    context: &Context<'_>,
    workload: &Workload,
    direction: Direction,
) -> bool {
    let isolation = context.analysis.reachability.isolation(&workload.id);
    match direction {
        Direction::Ingress => isolation.ingress,
        Direction::Egress => isolation.egress,
    }
}

/// Namespaces with a workload that is not isolated, by name.
pub(super) fn open_namespaces<'m>(
    context: &Context<'m>,
    direction: Direction,
) -> Vec<OpenNamespace<'m>> {
    let model = context.model;
    let on_own_network =
        |workload: &&Workload| context.analysis.reachability.enforceable(&workload.id);
    let mut by_name: BTreeMap<&str, (usize, Vec<&Workload>)> = BTreeMap::new();
    for workload in model.workloads.iter().filter(on_own_network) {
        let (count, exposed) = by_name.entry(&workload.namespace).or_default();
        *count += 1;
        if !is_isolated(context, workload, direction) {
            exposed.push(workload);
        }
    }
    by_name
        .into_iter()
        .filter(|(_, (_, exposed))| !exposed.is_empty())
        .filter_map(|(name, (workloads, exposed))| {
            Some(OpenNamespace {
                zone: model.namespace(name)?,
                exposed,
                workloads,
            })
        })
        .collect()
}

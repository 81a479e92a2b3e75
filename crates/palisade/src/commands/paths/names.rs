//! Ends of paths as people name them.

use palisade_analysis::reachability::Peer;
use palisade_model::{Dataset, Model, NodeId, Workload};

use crate::failure::UsageError;
use crate::selection::nearest;

/// An end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Addresses outside.
    Internet,
    /// One workload.
    Workload(NodeId),
    /// Datasets, with the workloads that serve or mount them.
    Data {
        /// The datasets.
        datasets: Vec<NodeId>,
        /// Workloads through which they are reached.
        workloads: Vec<NodeId>,
    },
}

impl End {
    /// The end of a name; a name that several workloads have must say its namespace.
    pub(super) fn of(name: &str, model: &Model) -> Result<Self, UsageError> {
        match name {
            "internet" | "external" => return Ok(Self::Internet),
            "dataset" | "datasets" => {
                return Ok(Self::data(
                    &model.datasets.iter().collect::<Vec<_>>(),
                    model,
                ));
            }
            _ => {}
        }
        let found: Vec<&Workload> = model
            .workloads
            .iter()
            .filter(|workload| is_called(workload, name))
            .collect();
        match found.as_slice() {
            [workload] => Ok(Self::Workload(workload.id.clone())),
            [] => Self::dataset(name, model),
            many => {
                let names: Vec<&str> = many.iter().map(|workload| workload.id.name()).collect();
                let help = format!("say which: {}", names.join(", "));
                Err(
                    UsageError::new(format!("{} workloads are called `{name}`", many.len()))
                        .help(Some(help)),
                )
            }
        }
    }

    fn dataset(name: &str, model: &Model) -> Result<Self, UsageError> {
        let found: Vec<&Dataset> = model
            .datasets
            .iter()
            .filter(|dataset| {
                dataset.id.as_str() == name || dataset.id.name() == name || dataset.name == name
            })
            .collect();
        if found.is_empty() {
            let names = model
                .workloads
                .iter()
                .map(|workload| workload.name.as_str());
            let help = nearest(name, names.chain(["internet", "dataset"]))
                .map(|near| format!("did you mean `{near}`?"));
            return Err(
                UsageError::new(format!("no workload or dataset is called `{name}`")).help(help),
            );
        }
        Ok(Self::data(&found, model))
    }

    fn data(datasets: &[&Dataset], model: &Model) -> Self {
        let ids: Vec<NodeId> = datasets.iter().map(|dataset| dataset.id.clone()).collect();
        let serving = datasets
            .iter()
            .filter_map(|dataset| dataset.served_by.clone());
        let touching = model.edges.iter().filter(|edge| ids.contains(&edge.to));
        let mut workloads: Vec<NodeId> = touching
            .map(|edge| edge.from.clone())
            .filter(|id| model.workload(id).is_some())
            .chain(serving)
            .collect();
        workloads.sort();
        workloads.dedup();
        Self::Data {
            datasets: ids,
            workloads,
        }
    }

    /// Whether a peer of a connection is this end.
    pub(super) fn is(&self, peer: &Peer<'_>) -> bool {
        match (self, peer) {
            (Self::Internet, Peer::External(_)) => true,
            (Self::Workload(id), Peer::Workload(workload)) => workload.id == *id,
            (Self::Data { workloads, .. }, Peer::Workload(workload)) => {
                workloads.contains(&workload.id)
            }
            _ => false,
        }
    }

    /// Whether a target of a way from the internet is this end.
    pub(super) fn is_target(&self, target: &NodeId) -> bool {
        match self {
            Self::Internet => false,
            Self::Workload(id) => id == target,
            Self::Data { datasets, .. } => datasets.contains(target),
        }
    }
}

fn is_called(workload: &Workload, name: &str) -> bool {
    let id = &workload.id;
    id.as_str() == name
        || id.name() == name
        || workload.name == name
        || name.split_once('/') == Some((workload.namespace.as_str(), workload.name.as_str()))
}

//! Which workloads the internet reaches.
use crate::{mesh::MeshView, reachability::Reachability};
use palisade_model::Model;
/// Exposure of workloads.
#[derive(Debug, Default)]
pub struct Exposure {}
impl Exposure {
    /// Analyses a model.
    pub fn of(model: &Model, reachability: &Reachability<'_>, mesh: &MeshView<'_>) -> Self {
        let _ = (model, reachability, mesh);
        Self::default()
    }
}

//! Answers questions about a graph: who can reach what, who may do what, and how much of both.
//!
//! Start at [`Analysis::of`].
//!
//! **Invariant:** it reads a model and nothing else; the same model gives the same answer.

pub mod exposure;
pub mod mesh;
pub mod outcomes;
pub mod privilege;
pub mod reachability;

use palisade_model::Model;

/// Everything that checks, reports and the diagram ask about a model, computed once.
#[derive(Debug)]
pub struct Analysis<'m> {
    /// The model it is about.
    pub model: &'m Model,
    /// Who can reach what at L3/L4.
    pub reachability: reachability::Reachability<'m>,
    /// What the mesh requires and allows on top.
    pub mesh: mesh::MeshView<'m>,
    /// Which workloads the internet reaches, through which door, with or without an identity.
    pub exposure: exposure::Exposure,
    /// Who may do what.
    pub privileges: privilege::Privileges,
}

impl<'m> Analysis<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        let reachability = reachability::Reachability::of(model);
        let mesh = mesh::MeshView::of(model);
        let exposure = exposure::Exposure::of(model, &reachability, &mesh);
        Self {
            model,
            reachability,
            mesh,
            exposure,
            privileges: privilege::Privileges::of(model),
        }
    }
}

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

use std::collections::BTreeMap;

use palisade_model::{Control, Diagnostic, DiagnosticLevel, Model};

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
    /// Active controls by the namespace that they stand in; cluster-wide ones under no name.
    controls: BTreeMap<&'m str, Vec<&'m Control>>,
}

impl<'m> Analysis<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        let reachability = reachability::Reachability::of(model);
        let mesh = mesh::MeshView::of(model);
        let exposure = exposure::Exposure::of(model, &reachability, &mesh);
        let mut controls: BTreeMap<&str, Vec<&Control>> = BTreeMap::new();
        for control in model.active_controls() {
            let namespace = control.namespace.as_deref().unwrap_or_default();
            controls.entry(namespace).or_default().push(control);
        }
        Self {
            model,
            reachability,
            mesh,
            exposure,
            privileges: privilege::Privileges::of(model),
            controls,
        }
    }

    /// Controls that hold and stand in a namespace.
    pub fn controls_in(&self, namespace: &str) -> &[&'m Control] {
        self.controls.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Controls that hold and stand in no namespace.
    pub fn cluster_controls(&self) -> &[&'m Control] {
        self.controls_in("")
    }

    /// What could not be worked out exactly because the model is too intricate; nothing for nearly
    /// every model.
    pub fn limit(&self) -> Option<Diagnostic> {
        let message = self.reachability.limit()?.to_owned();
        Some(Diagnostic {
            level: DiagnosticLevel::Warning,
            message,
            origin: None,
            help: Some(
                "check parts of the system by themselves, or let fewer policies select the same pods"
                    .to_owned(),
            ),
        })
    }
}

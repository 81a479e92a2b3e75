//! What the mesh requires of callers.
use palisade_model::Model;
/// Mesh semantics over a model.
#[derive(Debug)]
pub struct MeshView<'m> {
    model: &'m Model,
}
impl<'m> MeshView<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        Self { model }
    }
}

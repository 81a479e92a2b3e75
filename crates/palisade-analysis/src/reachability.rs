//! Who can reach what, by network policy.
use palisade_model::Model;
/// Reachability at L3/L4.
#[derive(Debug)]
pub struct Reachability<'m> {
    model: &'m Model,
}
impl<'m> Reachability<'m> {
    /// Analyses a model.
    pub fn of(model: &'m Model) -> Self {
        Self { model }
    }
}

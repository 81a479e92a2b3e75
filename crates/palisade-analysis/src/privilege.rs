//! Who may do what.
use palisade_model::Model;
/// Effective permissions.
#[derive(Debug, Default)]
pub struct Privileges {}
impl Privileges {
    /// Analyses a model.
    pub fn of(model: &Model) -> Self {
        let _ = model;
        Self::default()
    }
}

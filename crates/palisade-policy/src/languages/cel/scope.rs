//! What names an expression may use.

use super::overload::Dialect;

/// The variables and functions that surround an expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Which functions there are.
    pub(crate) dialect: Dialect,
    /// Variables, by name; an evaluation gives their values in this order. A name may be dotted.
    pub(crate) roots: Vec<String>,
    /// Composed variables in the order of their definition, seen as `variables.NAME`.
    pub(crate) composed: Vec<String>,
    /// Package in which unqualified names are looked up, such as `google.rpc`.
    pub(crate) container: String,
    /// Whether names that are unknown are errors only when they are used.
    pub(crate) unchecked: bool,
}

impl Scope {
    /// A scope with these variables.
    pub(crate) fn new(dialect: Dialect, roots: &[&str]) -> Self {
        Self {
            dialect,
            roots: roots.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn root(&self, name: &str) -> Option<usize> {
        self.roots.iter().position(|root| root == name)
    }

    pub(super) fn composed(&self, name: &str) -> Option<usize> {
        // The last definition of a name wins.
        self.composed.iter().rposition(|known| known == name)
    }

    /// Whether `variables` is a name of composed variables here.
    pub(super) fn composes(&self) -> bool {
        self.root("variables").is_none()
    }
}

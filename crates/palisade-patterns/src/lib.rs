//! The twelve patterns: one folder each, graph in, findings and coverage out.
//!
//! Start at [`evaluate`]; [`patterns`] is the one list of everything that is checked. A check is
//! data plus one pure function ([`Unit`]), in one file, with one line in its pattern's list.
//!
//! **Invariant:** checks read the model and the analysis and nothing else: no file, no clock.

mod context;
mod evaluate;
mod finding;
mod registry;

pub use crate::context::Context;
pub use crate::evaluate::{Evaluation, PatternResult, evaluate};
pub use crate::finding::{Findings, Report};
pub use crate::registry::{Pattern, Unit, find, patterns};

//! Least runtime rights for containers.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::HARDENED_RUNTIME,
    coverage,
    units: &[],
};

fn coverage(_: &Context<'_>) -> Coverage {
    Coverage::default()
}

//! Classified, encrypted, private and recoverable data.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::DATA_PROTECTION,
    coverage,
    units: &[],
};

fn coverage(_: &Context<'_>) -> Coverage {
    Coverage::default()
}

//! Identity at the front door.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::IDENTITY_AWARE_INGRESS,
    coverage,
    units: &[],
};

fn coverage(_: &Context<'_>) -> Coverage {
    Coverage::default()
}

//! Default deny between workloads, and only declared flows.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::NETWORK_SEGMENTATION,
    coverage,
    units: &[],
};

fn coverage(_: &Context<'_>) -> Coverage {
    Coverage::default()
}

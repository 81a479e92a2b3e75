//! Least privilege for calls and grants.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::LEAST_PRIVILEGE_ACCESS,
    coverage,
    units: &[],
};

fn coverage(_: &Context<'_>) -> Coverage {
    Coverage::default()
}

//! Detection that leads to containment.

use palisade_model::{ControlKind, Coverage, PatternId};

use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod detection_without_response;
mod no_detection;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::AUTOMATED_RESPONSE,
    coverage,
    units: &[no_detection::UNIT, detection_without_response::UNIT],
};

fn coverage(context: &Context<'_>) -> Coverage {
    let detections = context
        .model
        .active_controls()
        .filter_map(|control| match control.kind {
            ControlKind::Detection { responds, .. } => Some(responds),
            _ => None,
        });
    count(detections, |responds| *responds)
}

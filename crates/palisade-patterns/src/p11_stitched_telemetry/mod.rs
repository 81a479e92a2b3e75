//! Logs and traces that belong together.

use palisade_model::{Coverage, PatternId};

use crate::container_view::stays;
use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod access_logs;
mod audit_log_off;
mod decisions_not_logged;
mod entry_point_without_access_log;
mod no_trace;
mod traces;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::STITCHED_TELEMETRY,
    coverage,
    units: &[
        entry_point_without_access_log::UNIT,
        audit_log_off::UNIT,
        no_trace::UNIT,
        decisions_not_logged::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    let lasting = context
        .model
        .workloads
        .iter()
        .filter(|workload| stays(workload.kind));
    count(lasting, |workload| traces::emits(context, workload))
}

//! Workloads that are isolated in both directions.

use palisade_model::Coverage;

use crate::context::Context;

pub(super) fn coverage(context: &Context<'_>) -> Coverage {
    let reachability = &context.analysis.reachability;
    let mut coverage = Coverage::default();
    for workload in &context.model.workloads {
        let isolation = reachability.isolation(&workload.id);
        let guarded =
            reachability.enforceable(&workload.id) && isolation.ingress && isolation.egress;
        coverage.applicable += 1;
        coverage.guarded += u32::from(guarded);
    }
    coverage
}

//! Workloads that are isolated in both directions.

use palisade_model::Coverage;

use super::isolation::{Direction, is_isolated, on_own_network};
use crate::context::Context;

pub(super) fn coverage(context: &Context<'_>) -> Coverage {
    let model = context.model;
    let mut coverage = Coverage::default();
    for workload in &model.workloads {
        coverage.applicable += 1;
        let isolated = on_own_network(workload)
            && is_isolated(model, workload, Direction::Ingress)
            && is_isolated(model, workload, Direction::Egress);
        coverage.guarded += u32::from(isolated);
    }
    coverage
}

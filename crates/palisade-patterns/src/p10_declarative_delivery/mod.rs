//! What runs is what the code says.

use palisade_model::{Coverage, PatternId, Workload, WorkloadKind};

use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod bare_pod;
mod behind;
mod no_disruption_budget;
mod not_reconciled;
mod reconciler_without_self_heal;
mod recreate_strategy;
mod rollback_impossible;
mod single_replica;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::DECLARATIVE_DELIVERY,
    coverage,
    units: &[
        rollback_impossible::UNIT,
        not_reconciled::UNIT,
        single_replica::UNIT,
        reconciler_without_self_heal::UNIT,
        recreate_strategy::UNIT,
        no_disruption_budget::UNIT,
        bare_pod::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    count(&context.model.workloads, |workload| can_roll_back(workload))
}

fn can_roll_back(workload: &Workload) -> bool {
    let keeps_revisions = matches!(
        workload.kind,
        WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::CronJob
    );
    let limit = workload.strategy.history_limit.as_ref();
    let images = workload
        .containers
        .iter()
        .filter_map(|container| container.image.as_ref());
    keeps_revisions
        && limit.is_none_or(|limit| limit.value > 0)
        && !images
            .into_iter()
            .any(|image| crate::mutable_tags::is_mutable(&image.value))
}

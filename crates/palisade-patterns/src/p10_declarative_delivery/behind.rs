//! What stands before workloads and scales them.

use palisade_model::{ControlKind, Workload};

use crate::context::Context;

/// Whether a service selects the pods of a workload.
pub(super) fn has_service(context: &Context<'_>, workload: &Workload) -> bool {
    let mut services = context.model.services_in(&workload.namespace).iter();
    services.any(|service| {
        service.selector.as_ref().is_some_and(|selector| {
            !selector.is_everything() && selector.matches(&workload.pod_labels)
        })
    })
}

/// The fewest replicas that a workload is scaled to: its autoscaler's word goes before its own.
pub(super) fn least_replicas(context: &Context<'_>, workload: &Workload) -> i64 {
    let scaled = context
        .analysis
        .controls_in(&workload.namespace)
        .iter()
        .find_map(|control| match &control.kind {
            ControlKind::Autoscaler {
                target_kind,
                target_name,
                min_replicas,
            } if target_kind == workload.kind.name() && *target_name == workload.name => {
                Some(min_replicas.unwrap_or(1))
            }
            _ => None,
        });
    let own = workload.replicas.as_ref().map_or(1, |fact| fact.value);
    scaled.unwrap_or(own)
}

//! Flows that are mutually authenticated.

use std::collections::BTreeSet;

use palisade_model::{Coverage, EdgeKind, FlowState, Model, NodeId, Workload};

use super::modes::accepts_plain_text;
use crate::context::Context;
use crate::selection::{behind, service_selects};

pub(super) fn coverage(context: &Context<'_>) -> Coverage {
    let model = context.model;
    let declared = declared_flows(model);
    let mut coverage = Coverage::default();
    if declared.is_empty() {
        let called = model.workloads.iter().filter(|workload| {
            model
                .services_in(&workload.namespace)
                .iter()
                .any(|service| service_selects(service, workload))
        });
        for workload in called {
            coverage.applicable += 1;
            coverage.guarded += u32::from(requires(context, workload));
        }
    }
    for (from, to) in declared {
        let between = model
            .workload(&from)
            .is_some_and(|caller| on_linkerd(caller) && on_linkerd(to));
        coverage.applicable += 1;
        coverage.guarded += u32::from(between || requires(context, to));
    }
    coverage
}

/// Calls between workloads that the code declares, once per pair.
fn declared_flows(model: &Model) -> Vec<(NodeId, &Workload)> {
    let mut seen = BTreeSet::new();
    let mut flows = Vec::new();
    for edge in &model.edges {
        let declared = edge
            .flow
            .as_ref()
            .is_some_and(|flow| flow.state == FlowState::Declared);
        if edge.kind != EdgeKind::Flow || !declared {
            continue;
        }
        for to in ends(model, &edge.to) {
            if to.id != edge.from && seen.insert((edge.from.clone(), to.id.clone())) {
                flows.push((edge.from.clone(), to));
            }
        }
    }
    flows
}

/// The workload of an id, or the workloads behind the service of an id.
fn ends<'m>(model: &'m Model, id: &NodeId) -> Vec<&'m Workload> {
    if let Some(workload) = model.workload(id) {
        return vec![workload];
    }
    let found = model.services.binary_search_by(|node| node.id.cmp(id));
    let service = found.ok().and_then(|at| model.services.get(at));
    service
        .into_iter()
        .flat_map(|service| behind(model, service))
        .collect()
}

fn requires(context: &Context<'_>, workload: &Workload) -> bool {
    !accepts_plain_text(context, workload)
}

fn on_linkerd(workload: &Workload) -> bool {
    workload
        .mesh
        .linkerd
        .as_ref()
        .is_some_and(|fact| fact.value)
}

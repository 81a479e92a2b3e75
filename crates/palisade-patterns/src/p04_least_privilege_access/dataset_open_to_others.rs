//! Data store that workloads without declared use can reach.

use std::collections::BTreeSet;

use palisade_model::{
    Check, CheckId, Classification, Confidence, Dataset, EdgeKind, FlowState, NodeId, Severity,
    Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::listed;
use palisade_analysis::mesh::Caller;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 8),
        slug: "dataset-open-to-others",
        title: "data store that workloads without declared use can reach",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "a compromise of any of these workloads is enough to attack the data",
        fix: "allow only the workloads that use the data, with a network policy or a mesh authorization policy on the store",
        references: &[
            "NIST SP 800-207: 2.1",
            "NIST SP 800-190: 4.3.3",
            "MITRE ATT&CK T1210",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for dataset in &context.model.datasets {
        let server = dataset
            .served_by
            .as_ref()
            .and_then(|id| context.model.workload(id));
        let Some(server) = server else { continue };
        let users = users(context, server);
        // Without any declared use nothing is known about who should be here.
        if users.is_empty() {
            continue;
        }
        let others: Vec<&str> = context
            .model
            .workloads
            .iter()
            .filter(|workload| workload.id != server.id && !users.contains(&workload.id))
            .filter(|workload| reaches(context, workload, server))
            .map(|workload| workload.id.name())
            .collect();
        if others.is_empty() {
            continue;
        }
        let message = format!(
            "data store `{}` can be reached by {}, which declare no use of it",
            dataset.id.name(),
            listed(others)
        );
        let report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message)
            .severity(severity(dataset))
            .label("open to workloads that do not need it");
        findings.add(check, report);
    }
}

fn severity(dataset: &Dataset) -> Severity {
    let class = dataset.classification.as_ref().map(|class| class.value);
    match class {
        Some(Classification::Confidential | Classification::Restricted) => Severity::High,
        _ => Severity::Medium,
    }
}

/// Workloads for which the code declares a call to the server.
fn users<'m>(context: &Context<'m>, server: &Workload) -> BTreeSet<&'m NodeId> {
    let declared = context.model.edges.iter().filter(|edge| {
        let flow = edge.flow.as_ref();
        edge.kind == EdgeKind::Flow
            && edge.to == server.id
            && flow.is_some_and(|flow| flow.state == FlowState::Declared)
    });
    declared.map(|edge| &edge.from).collect()
}

/// Whether both the network and the mesh let a call to some declared port through.
fn reaches(context: &Context<'_>, from: &Workload, server: &Workload) -> bool {
    let allowed = context.analysis.reachability.allowed(&from.id, &server.id);
    let mut ports = server
        .containers
        .iter()
        .flat_map(|container| &container.ports);
    ports.any(|port| {
        let caller = Caller::Workload(&from.id);
        allowed.contains(port.protocol, port.port)
            && context
                .analysis
                .mesh
                .authorization(caller, &server.id, port.port)
                .may_pass()
    })
}

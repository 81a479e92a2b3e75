//! Namespace is in no reconciler.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{
    Check, CheckId, Confidence, ControlKind, EdgeKind, NodeId, NodeKind, Severity, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(10, 3),
        slug: "not-reconciled",
        title: "namespace is in no reconciler",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "a change that is made by hand in the namespace stays, and nobody sees it",
        fix: "add the namespace to an Argo CD Application or a Flux Kustomization",
        references: &["NIST SP 800-53r5: CM-3, CM-6"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let destinations: Vec<Option<&str>> = context
        .model
        .controls
        .iter()
        .filter_map(|control| match &control.kind {
            ControlKind::Reconciler { destination, .. } => Some(destination.as_deref()),
            _ => None,
        })
        .collect();
    // Without any reconciler in the code it may stand elsewhere; one without a namespace may hold everything.
    if destinations.is_empty() || destinations.contains(&None) {
        return;
    }
    let deployed: BTreeSet<&NodeId> = context
        .model
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Deploys)
        .map(|edge| &edge.to)
        .collect();
    let mut outside: BTreeMap<&str, &Workload> = BTreeMap::new();
    for workload in &context.model.workloads {
        if deployed.contains(&workload.id) {
            continue;
        }
        if !destinations.contains(&Some(workload.namespace.as_str())) {
            outside
                .entry(workload.namespace.as_str())
                .or_insert(workload);
        }
    }
    for (namespace, workload) in outside {
        let zone = NodeId::new(NodeKind::Zone, &format!("namespace/{namespace}"));
        let message = format!("no reconciler deploys to namespace `{namespace}`");
        let report = Report::new(&zone, &workload.origin, &workload.content, message);
        findings.add(check, report.label("deployed by hand"));
    }
}

//! Which workloads network policies isolate.

use std::collections::BTreeMap;

use palisade_model::{Check, Workload, Zone};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::selection::counted;

/// Of a connection, as the selected pod sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    const fn word(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    /// What so many open workloads do, in a sentence.
    const fn openness(self, workloads: usize) -> &'static str {
        match (self, workloads) {
            (Self::Ingress, 1) => "accepts connections from every pod",
            (Self::Ingress, _) => "accept connections from every pod",
            (Self::Egress, _) => "may connect to any address",
        }
    }
}

/// A namespace with workloads that nothing isolates.
#[derive(Debug)]
struct OpenNamespace<'m> {
    zone: &'m Zone,
    /// Workloads that are not isolated.
    exposed: Vec<&'m Workload>,
    /// How many workloads it has on pod networks.
    workloads: usize,
}

/// Whether policies close a workload unless a rule opens it.
pub(super) fn is_isolated(
    context: &Context<'_>,
    workload: &Workload,
    direction: Direction,
) -> bool {
    let isolation = context.analysis.reachability.isolation(&workload.id);
    match direction {
        Direction::Ingress => isolation.ingress,
        Direction::Egress => isolation.egress,
    }
}

/// One finding for each namespace with workloads that nothing isolates in this direction.
pub(super) fn report_open(
    check: &Check,
    context: &Context<'_>,
    direction: Direction,
    findings: &mut Findings,
) {
    for open in open_namespaces(context, direction) {
        let word = direction.word();
        let message = format!(
            "namespace `{}` has no default-deny policy for {word}: {} of {} {}",
            open.zone.name,
            open.exposed.len(),
            counted(open.workloads, "workload"),
            direction.openness(open.exposed.len()),
        );
        let zone = open.zone;
        // A namespace that nothing declares is shown by the first workload in it.
        let first = open.exposed.first().filter(|_| !zone.declared);
        let place = first.map_or(&zone.origin, |workload| &workload.origin);
        let mut report = Report::new(&zone.id, place, &zone.content, message)
            .label("no policy here selects every pod");
        let elsewhere = open.exposed.iter().filter(|one| one.origin != *place);
        for workload in elsewhere.take(3) {
            report = report.related(&workload.origin, format!("not isolated for {word}"));
        }
        findings.add(check, report);
    }
}

/// Namespaces with a workload that is not isolated, by name.
fn open_namespaces<'m>(context: &Context<'m>, direction: Direction) -> Vec<OpenNamespace<'m>> {
    let model = context.model;
    let on_own_network =
        |workload: &&Workload| context.analysis.reachability.enforceable(&workload.id);
    let mut by_name: BTreeMap<&str, (usize, Vec<&Workload>)> = BTreeMap::new();
    for workload in model.workloads.iter().filter(on_own_network) {
        let (count, exposed) = by_name.entry(&workload.namespace).or_default();
        *count += 1;
        if !is_isolated(context, workload, direction) {
            exposed.push(workload);
        }
    }
    by_name
        .into_iter()
        .filter(|(_, (_, exposed))| !exposed.is_empty())
        .filter_map(|(name, (workloads, exposed))| {
            Some(OpenNamespace {
                zone: model.namespace(name)?,
                exposed,
                workloads,
            })
        })
        .collect()
}

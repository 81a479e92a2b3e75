//! Workload emits no trace.

use palisade_model::{Check, CheckId, Confidence, NodeId, NodeKind, Severity, Workload};

use super::traces::emits;
use crate::container_view::stays;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(11, 3),
        slug: "no-trace",
        title: "workload emits no trace",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "the way of an attack through the system breaks off at this workload",
        fix: "set the `OTEL_*` variables of an instrumented program, or turn tracing on in the mesh",
        references: &["NIST SP 800-204: MS-SS-5", "NIST SP 800-53r5: AU-12"],
        equivalents: &[],
    },
    run,
};

/// How many workloads are named as further places.
const SHOWN: usize = 10;

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let lasting: Vec<_> = context
        .model
        .workloads
        .iter()
        .filter(|workload| stays(workload.kind))
        .collect();
    let (tracing, silent): (Vec<&Workload>, Vec<&Workload>) = lasting
        .into_iter()
        .partition(|workload| emits(context, workload));
    let Some((first, others)) = silent.split_first() else {
        return;
    };
    if tracing.is_empty() {
        // Nothing traces: one cause, one finding; and an agent on the nodes cannot be seen from here.
        let cluster = NodeId::new(NodeKind::Zone, "cluster");
        let message = format!("none of {} workloads emits traces", silent.len());
        let mut report = Report::new(&cluster, &first.origin, &first.content, message)
            .label(format!("`{}` is the first", first.name))
            .confidence(Confidence::Low);
        for other in others.iter().take(SHOWN) {
            report = report.related(&other.origin, format!("nor does `{}`", other.name));
        }
        // One workload is no system whose traces could be stitched together.
        if !others.is_empty() {
            findings.add(check, report);
        }
        return;
    }
    for workload in silent {
        let message = format!(
            "`{}` emits no trace, as others of the system do",
            workload.name
        );
        let report = Report::new(&workload.id, &workload.origin, &workload.content, message);
        findings.add(check, report.label("no sign of tracing"));
    }
}

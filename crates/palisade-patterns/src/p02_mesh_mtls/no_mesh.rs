//! System whose workloads call each other without a mesh.

use palisade_model::{Check, CheckId, Confidence, NodeId, NodeKind, Severity};

use super::coverage::coverage;
use super::modes::uses_mesh;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 15),
        slug: "no-mesh",
        title: "workloads call each other without a mesh",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        lets: "whoever is on the network between two workloads reads their calls, and can make some of its own",
        fix: "run the workloads in a mesh that requires mutual TLS (Istio, Linkerd), or let each of them ask for client certificates",
        references: &[
            "NIST SP 800-204: MS-SS-4",
            "NIST SP 800-207: 2.1",
            "MITRE ATT&CK T1040",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    if uses_mesh(context.model) {
        return;
    }
    let called = context.model.workloads.iter().find(|workload| {
        let services = &mut context.model.services.iter();
        services.any(|service| crate::selection::service_selects(service, workload))
    });
    let calls = match coverage(context).applicable {
        0 => return,
        1 => "1 call between workloads is".to_owned(),
        many => format!("{many} calls between workloads are"),
    };
    let Some(workload) = called else {
        return;
    };
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    let message = format!("{calls} not known to be encrypted: no mesh stands in the code");
    let report = Report::new(&cluster, &workload.origin, &workload.content, message);
    findings.add(check, report.label("called by others"));
}

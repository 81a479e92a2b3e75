//! Data store that a door from outside leads to.

use palisade_model::{Check, CheckId, Confidence, EntryPoint, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{service_selects, services_of};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 4),
        slug: "internet-to-dataset",
        title: "data store that a door from outside leads to",
        severity: Severity::Critical,
        confidence: Confidence::High,
        lets: "anybody on the internet can connect to the data store and try passwords and exploits on it",
        fix: "remove the door, or make its service ClusterIP and let a workload that authenticates callers stand in front",
        references: &[
            "MITRE ATT&CK T1190",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "NIST SP 800-190: 4.3.3",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for dataset in &model.datasets {
        let server = dataset.served_by.as_ref().and_then(|id| model.workload(id));
        let Some(server) = server else { continue };
        let leads_here = |entry: &&EntryPoint| {
            !entry.internal
                && services_of(model, entry).any(|service| service_selects(service, server))
        };
        let Some(entry) = model.entry_points.iter().find(leads_here) else {
            continue;
        };
        let message = format!(
            "data store `{}` can be reached from the internet through `{}`",
            dataset.id.name(),
            entry.id.name()
        );
        let report = Report::new(&dataset.id, &entry.origin, &dataset.content, message)
            .label("this door leads to the data store")
            .related(&server.origin, "the workload that serves the data");
        findings.add(check, report);
    }
}

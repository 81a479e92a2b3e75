//! Entry point that accepts callers without authentication.

use std::collections::BTreeMap;

use palisade_model::{Check, CheckId, Confidence, NodeId, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};
use crate::selection::listed;
use palisade_analysis::exposure::AuthState;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 1),
        slug: "unauthenticated-entry-point",
        title: "entry point that accepts callers without authentication",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "anybody on the internet sends requests to the workload and tries exploits on it",
        fix: "let the door authenticate: an auth annotation or middleware, a RequestAuthentication with an AuthorizationPolicy that requires it, or client certificates",
        references: &[
            "NIST SP 800-207: 2.1",
            "NIST SP 800-204: MS-SS-1",
            "MITRE ATT&CK T1190",
        ],
        equivalents: &[kubescape("C-0266")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let mut open: BTreeMap<&NodeId, Vec<&str>> = BTreeMap::new();
    for door in context.analysis.exposure.open_doors() {
        if door.authenticated == AuthState::Unauthenticated {
            open.entry(&door.entry)
                .or_default()
                .push(door.workload.name());
        }
    }
    for (id, mut workloads) in open {
        let entry = context
            .model
            .entry_points
            .iter()
            .find(|entry| entry.id == *id);
        let Some(entry) = entry.filter(|entry| !entry.internal) else {
            continue;
        };
        workloads.dedup();
        let message = format!(
            "entry point `{}` leads to {} without authenticating callers",
            entry.id.name(),
            listed(workloads)
        );
        let report = Report::new(&entry.id, &entry.origin, &entry.content, message)
            .label("no authentication is asked for");
        findings.add(check, report);
    }
}

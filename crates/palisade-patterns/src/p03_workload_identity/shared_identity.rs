//! One identity is shared by unlike workloads.

use std::collections::BTreeMap;

use palisade_model::{Check, CheckId, Confidence, NodeId, NodeKind, Origin, Severity, Workload};

use super::accounts::account_of;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 3),
        slug: "shared-identity",
        title: "one identity is shared by unlike workloads",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "taking over one workload gives the rights of all that share its identity, and logs cannot tell them apart",
        fix: "give each workload a service account of its own",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
            "NIST SP 800-207: 2.1",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let mut shared: BTreeMap<(&str, &str), Vec<&Workload>> = BTreeMap::new();
    for workload in &context.model.workloads {
        // Everything shares the default account: that is PAL0301.
        if account_of(workload) != "default" {
            let key = (workload.namespace.as_str(), account_of(workload));
            shared.entry(key).or_default().push(workload);
        }
    }
    for ((namespace, account), workloads) in shared {
        let Some((first, others)) = workloads.split_first() else {
            continue;
        };
        let unlike: Vec<_> = others
            .iter()
            .filter(|other| images(other) != images(first))
            .collect();
        if unlike.is_empty() {
            continue;
        }
        let message = format!(
            "service account `{account}` is shared by {} unlike workloads",
            unlike.len().saturating_add(1)
        );
        let identity = NodeId::new(NodeKind::Identity, &format!("{namespace}/{account}"));
        let mut report = Report::new(&identity, place(first), &first.content, message)
            .label(format!("used by `{}`", first.name));
        for other in unlike {
            report = report.related(place(other), format!("and by `{}`", other.name));
        }
        findings.add(check, report);
    }
}

fn place(workload: &Workload) -> &Origin {
    workload
        .service_account
        .as_ref()
        .map_or(&workload.pod_origin, |account| &account.origin)
}

/// The repositories of a workload's images: workloads of the same program may share an identity.
fn images(workload: &Workload) -> Vec<&str> {
    let images = workload
        .containers
        .iter()
        .filter_map(|container| container.image.as_ref());
    let mut repositories: Vec<&str> = images
        .map(|image| image.value.repository.as_str())
        .collect();
    repositories.sort_unstable();
    repositories.dedup();
    repositories
}

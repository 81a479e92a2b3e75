//! Containers of a pod share one process namespace.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 16),
        slug: "shared-process-namespace",
        title: "containers of a pod share one process namespace",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "one container that is taken over reads memory, environment and files of the others in its pod",
        fix: "remove `shareProcessNamespace`",
        references: &["NIST SP 800-190: 4.4.3", "MITRE ATT&CK T1057"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let shared = workload.security.share_process_namespace.as_ref();
        let Some(fact) = shared.filter(|fact| fact.value && workload.containers.len() > 1) else {
            continue;
        };
        let message = format!(
            "containers of `{}` share one process namespace",
            workload.name
        );
        let report = Report::new(&workload.id, &fact.origin, &workload.content, message)
            .label("shared here")
            .replacing(&fact.origin, "false");
        findings.add(check, report);
    }
}

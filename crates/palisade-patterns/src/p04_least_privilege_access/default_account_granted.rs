//! Rights given to a default service account.

use palisade_model::{Check, CheckId, Confidence, Severity, SubjectKind};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 12),
        slug: "default-account-granted",
        title: "rights given to a default service account",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "every pod of the namespace that names no service account holds the rights",
        fix: "create a service account for the workload that needs the rights and bind that",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.5",
            "MITRE ATT&CK T1078.004",
        ],
        equivalents: &[checkov("CKV_K8S_42"), kubescape("C-0189")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for binding in &context.model.bindings {
        let defaults = binding.subjects.iter().filter(|subject| {
            subject.kind == SubjectKind::ServiceAccount && subject.name == "default"
        });
        for subject in defaults {
            let namespace = subject
                .namespace
                .as_deref()
                .or(binding.namespace.as_deref())
                .unwrap_or("default");
            let message = format!(
                "binding `{}` gives role `{}` to the default service account of namespace `{namespace}`",
                binding.id.name(),
                binding.role.name
            );
            let report = Report::new(&binding.id, &subject.origin, &binding.content, message)
                .part(namespace)
                .label("every pod without an account of its own");
            findings.add(check, report);
        }
    }
}

//! Cluster-admin or system:masters given to a subject.

use palisade_model::{Check, CheckId, Confidence, Severity, SubjectKind};

use super::subjects::named;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 2),
        slug: "administrator-bound",
        title: "cluster-admin or system:masters given to a subject",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever takes over the subject owns the cluster",
        fix: "bind a role with only the rules that are used, or give the grant an end and an approver",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.1, 5.1.7",
            "MITRE ATT&CK T1078.004",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
        ],
        equivalents: &[
            trivy("KSV-0111"),
            trivy("KSV-0123"),
            kubescape("C-0185"),
            kubescape("C-0035"),
            kubescape("C-0246"),
            kube_linter("cluster-admin-role-binding"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for binding in &context.model.bindings {
        let admin = binding.role.cluster && binding.role.name == "cluster-admin";
        let masters = binding
            .subjects
            .iter()
            .find(|subject| subject.kind == SubjectKind::Group && subject.name == "system:masters");
        let (what, place) = match (admin, masters) {
            (true, _) => ("`cluster-admin`", &binding.role_origin),
            (false, Some(subject)) => (
                "a role that group `system:masters` holds anyway",
                &subject.origin,
            ),
            (false, None) => continue,
        };
        if binding.subjects.is_empty() {
            continue;
        }
        let everywhere = binding.namespace.is_none();
        let severity = if everywhere {
            Severity::Critical
        } else {
            Severity::High
        };
        let scope = match &binding.namespace {
            Some(namespace) => format!("in namespace `{namespace}`"),
            None => "in the whole cluster".to_owned(),
        };
        let message = format!(
            "binding `{}` gives {what} to {} {scope}",
            binding.id.name(),
            named(&binding.subjects)
        );
        let report = Report::new(&binding.id, place, &binding.content, message)
            .severity(severity)
            .label("all rights");
        findings.add(check, report);
    }
}

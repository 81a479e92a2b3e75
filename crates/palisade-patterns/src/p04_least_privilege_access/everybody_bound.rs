//! Role given to anonymous or to every authenticated caller.

use palisade_model::{Check, CheckId, Confidence, Severity, SubjectKind};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 13),
        slug: "everybody-bound",
        title: "role given to anonymous or to every authenticated caller",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "anybody who can connect to the API server holds the role",
        fix: "bind the users, groups or service accounts that need the role",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 1.2.1",
            "MITRE ATT&CK T1078.004",
            "MITRE ATT&CK T1190",
        ],
        equivalents: &[
            trivy("KSV-0122"),
            trivy("KSV-01011"),
            kubescape("C-0262"),
            kubescape("C-0265"),
        ],
    },
    run,
};

/// Roles that Kubernetes itself binds to everybody.
const PUBLIC: [&str; 4] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for binding in &context.model.bindings {
        if PUBLIC.contains(&binding.role.name.as_str()) {
            continue;
        }
        for subject in &binding.subjects {
            let (severity, who) = match (subject.kind, subject.name.as_str()) {
                (SubjectKind::Group, "system:unauthenticated")
                | (SubjectKind::User, "system:anonymous") => {
                    (Severity::Critical, "callers without any credentials")
                }
                (SubjectKind::Group, "system:authenticated") => {
                    (Severity::High, "every authenticated caller")
                }
                (SubjectKind::Group, "system:serviceaccounts") => {
                    (Severity::High, "every service account of the cluster")
                }
                _ => continue,
            };
            let message = format!(
                "binding `{}` gives role `{}` to {who}",
                binding.id.name(),
                binding.role.name
            );
            let report = Report::new(&binding.id, &subject.origin, &binding.content, message)
                .part(subject.name.as_str())
                .severity(severity)
                .label("this group is everybody");
            findings.add(check, report);
        }
    }
}

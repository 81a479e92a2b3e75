//! Workload runs as the default service account.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::accounts::{account_of, mounts_token};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 1),
        slug: "default-service-account",
        title: "workload runs as the default service account",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whatever is granted to the shared account is granted to this workload, and in a mesh its calls look like those of every other workload of the namespace",
        fix: "create a service account for the workload and name it in `serviceAccountName`",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.5",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
        ],
        equivalents: &[
            checkov("CKV_K8S_38"),
            checkov("CKV_K8S_41"),
            kubescape("C-0189"),
            kube_linter("default-service-account"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let uses_it = mounts_token(context, workload) || workload.mesh.is_member();
        if account_of(workload) != "default" || !uses_it {
            continue;
        }
        let message = format!("`{}` runs as the default service account", workload.name);
        let named = workload.service_account.as_ref();
        let place = named.map_or(&workload.pod_origin, |account| &account.origin);
        let report = Report::new(&workload.id, place, &workload.content, message);
        findings.add(check, report.label("an identity that is shared by default"));
    }
}

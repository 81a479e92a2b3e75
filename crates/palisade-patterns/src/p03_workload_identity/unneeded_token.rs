//! Token is mounted though nothing is granted to it.

use palisade_model::{AddedValue, Check, CheckId, Confidence, Severity};

use super::accounts::{account_of, has_grants, mounts_token};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 2),
        slug: "unneeded-token",
        title: "token is mounted though nothing is granted to it",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        lets: "a stolen token opens the API server, with whatever is granted to every authenticated account now or later",
        fix: "set `automountServiceAccountToken: false` on the pod",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.6",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
            "MITRE ATT&CK T1528",
        ],
        equivalents: &[
            checkov("CKV_K8S_38"),
            trivy("KSV-0036"),
            kubescape("C-0034"),
            kubescape("C-0190"),
            kubescape("C-0261"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let account = account_of(workload);
        // The default account is PAL0301: the account of its own decides about the token.
        if account == "default" || !mounts_token(context, workload) || has_grants(context, workload)
        {
            continue;
        }
        let message = format!(
            "`{}` mounts the token of `{account}`, to which nothing is granted",
            workload.name
        );
        let said = workload.automount_token.as_ref();
        let place = said.map_or(&workload.pod_origin, |fact| &fact.origin);
        let report = Report::new(&workload.id, place, &workload.content, message)
            .label("the token is mounted here");
        findings.add(
            check,
            match said {
                Some(fact) => report.replacing(&fact.origin, "false"),
                None => report.adding(
                    &workload.pod_origin,
                    &["automountServiceAccountToken"],
                    AddedValue::Bool(false),
                ),
            },
        );
    }
}

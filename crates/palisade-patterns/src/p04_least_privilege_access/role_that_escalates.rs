//! Role whose holder can take more rights.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::abilities::{ABILITIES, grants};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 3),
        slug: "role-that-escalates",
        title: "role whose holder can take more rights",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "the holder turns the role into rights that nobody gave it, up to administrator",
        fix: "remove the verb, or limit it with resourceNames, and keep it away from workloads",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.4, 5.1.8 to 5.1.13",
            "MITRE ATT&CK T1078.004",
            "MITRE ATT&CK T1098.006",
        ],
        equivalents: &[
            checkov("CKV_K8S_155"),
            checkov("CKV_K8S_156"),
            checkov("CKV_K8S_157"),
            checkov("CKV_K8S_158"),
            checkov("CKV2_K8S_1"),
            checkov("CKV2_K8S_2"),
            checkov("CKV2_K8S_3"),
            checkov("CKV2_K8S_4"),
            trivy("KSV-0043"),
            trivy("KSV-0047"),
            trivy("KSV-0048"),
            trivy("KSV-0050"),
            trivy("KSV-0053"),
            trivy("KSV-0051"),
            trivy("KSV-0052"),
            trivy("KSV-0054"),
            trivy("KSV-0055"),
            trivy("KSV-0114"),
            kubescape("C-0188"),
            kubescape("C-0065"),
            kubescape("C-0002"),
            kubescape("C-0191"),
            kubescape("C-0278"),
            kubescape("C-0279"),
            kubescape("C-0280"),
            kubescape("C-0281"),
            kubescape("C-0282"),
            kube_linter("access-to-create-pods"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for role in context.model.roles.iter().filter(|role| !role.built_in) {
        for ability in ABILITIES {
            // A rule of wildcards has every ability; that is one finding of its own.
            let rule = role.rules.iter().find(|rule| {
                let wild = rule.resources.iter().any(|word| word == "*");
                !wild && grants(rule, ability)
            });
            let Some(rule) = rule else { continue };
            let message = format!(
                "role `{}` lets its holders {}",
                role.id.name(),
                ability.words
            );
            let report = Report::new(&role.id, &rule.origin, &role.content, message)
                .part(ability.name)
                .severity(ability.severity)
                .label(ability.leads_to);
            findings.add(check, report);
        }
    }
}

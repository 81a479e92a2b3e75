//! Role that reads every secret of its scope.

use palisade_model::{Check, CheckId, Confidence, PolicyRule, Severity};

use super::abilities::holds;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 10),
        slug: "secrets-readable",
        title: "role that reads every secret of its scope",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "the holder reads the credentials of every workload, tokens of stronger service accounts included",
        fix: "list the secrets in `resourceNames` and allow only `get`, or mount them into the workload instead",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.2",
            "MITRE ATT&CK T1552.007",
            "NIST SP 800-207: 2.1",
        ],
        equivalents: &[
            checkov("CKV2_K8S_5"),
            trivy("KSV-0041"),
            trivy("KSV-0113"),
            kubescape("C-0186"),
            kubescape("C-0015"),
            kube_linter("access-to-secrets"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for role in context.model.roles.iter().filter(|role| !role.built_in) {
        let Some(rule) = role.rules.iter().find(|rule| reads_secrets(rule)) else {
            continue;
        };
        let scope = match &role.namespace {
            Some(namespace) => format!("of namespace `{namespace}`"),
            None => "wherever it is bound".to_owned(),
        };
        let message = format!("role `{}` reads every secret {scope}", role.id.name());
        let report = Report::new(&role.id, &rule.origin, &role.content, message)
            .label("no `resourceNames` narrow it");
        findings.add(check, report);
    }
}

/// `list` and `watch` return the values as well, even where a name is asked for.
fn reads_secrets(rule: &PolicyRule) -> bool {
    let wild = rule.resources.iter().any(|word| word == "*");
    let verb = ["get", "list", "watch"]
        .iter()
        .any(|verb| holds(&rule.verbs, verb));
    !wild
        && verb
        && rule.resource_names.is_empty()
        && holds(&rule.api_groups, "")
        && holds(&rule.resources, "secrets")
}

//! Role with wildcard verbs or resources.

use palisade_model::{Check, CheckId, Confidence, PolicyRule, Role, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 1),
        slug: "wildcard-role",
        title: "role with wildcard verbs or resources",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever holds the role may also do what nobody thought of, resources that are added later included",
        fix: "write out the resources and verbs that are used",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.1.3",
            "MITRE ATT&CK T1078.004",
            "NIST SP 800-207: 2.1",
        ],
        equivalents: &[
            checkov("CKV_K8S_49"),
            checkov("CKV2_K8S_5"),
            trivy("KSV-0044"),
            trivy("KSV-0045"),
            trivy("KSV-0046"),
            trivy("KSV-0112"),
            kubescape("C-0187"),
            kube_linter("wildcard-in-rules"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for role in context.model.roles.iter().filter(|role| !role.built_in) {
        let Some((rule, wild)) = widest(role) else {
            continue;
        };
        let (severity, what) = match wild {
            Wild::Both => (Severity::Critical, "every verb on every resource"),
            Wild::Resources => (Severity::High, "its verbs on every resource"),
            Wild::Verbs => (Severity::High, "every verb on its resources"),
        };
        let message = format!("role `{}` allows {what}", role.id.name());
        let report = Report::new(&role.id, &rule.origin, &role.content, message)
            .severity(severity)
            .label("`*` stands for everything");
        findings.add(check, report);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wild {
    Verbs,
    Resources,
    Both,
}

fn widest(role: &Role) -> Option<(&PolicyRule, Wild)> {
    let wild = |rule: &PolicyRule| {
        let any = |list: &[String]| list.iter().any(|word| word == "*");
        match (any(&rule.verbs), any(&rule.resources)) {
            (true, true) => Some(Wild::Both),
            (false, true) => Some(Wild::Resources),
            (true, false) if rule.resources.is_empty() => None,
            (true, false) => Some(Wild::Verbs),
            (false, false) => None,
        }
    };
    let found = role
        .rules
        .iter()
        .filter_map(|rule| Some((rule, wild(rule)?)));
    // The first of the widest: `max_by_key` alone would take the last.
    found.rev().max_by_key(|(_, wild)| *wild)
}

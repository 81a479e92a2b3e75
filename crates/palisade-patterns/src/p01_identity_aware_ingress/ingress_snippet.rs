//! Ingress that injects configuration into the controller.

use palisade_model::{Check, CheckId, Confidence, EntryPoint, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 11),
        slug: "ingress-snippet",
        title: "ingress that injects configuration into the controller",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever may edit the ingress reads the controller's service-account token and every secret that it can read",
        fix: "use the annotations or middleware that the controller has for the purpose, and turn snippets off",
        references: &["CVE-2021-25742", "MITRE ATT&CK T1190"],
        equivalents: &[
            checkov("CKV_K8S_152"),
            checkov("CKV_K8S_153"),
            checkov("CKV_K8S_154"),
            trivy("KCV-0093"),
            kubescape("C-0059"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        let Some(key) = snippet(entry) else { continue };
        let message = format!(
            "entry point `{}` injects configuration into the controller with `{key}`",
            entry.id.name()
        );
        let report = Report::new(&entry.id, &entry.origin, &entry.content, message)
            .label("has a snippet annotation");
        findings.add(check, report);
    }
}

fn snippet(entry: &EntryPoint) -> Option<&str> {
    let keys = entry.annotations.keys().map(String::as_str);
    keys.into_iter().find(|key| {
        key.contains("nginx") && (key.ends_with("-snippet") || key.ends_with("-snippets"))
    })
}

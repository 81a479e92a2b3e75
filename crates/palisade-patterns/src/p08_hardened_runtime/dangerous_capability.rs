//! Container adds a dangerous capability.

use palisade_model::{BASELINE_CAPABILITIES, Check, CheckId, Confidence, Severity};

use crate::container_view::containers;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 11),
        slug: "dangerous-capability",
        title: "container adds a dangerous capability",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the capability is a way to the node or to the traffic of others",
        fix: "remove the capability, or replace it by the narrowest one that does the work",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.9",
            "Pod Security Standards: baseline",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "MITRE ATT&CK T1611",
        ],
        equivalents: &[
            checkov("CKV_K8S_25"),
            checkov("CKV_K8S_39"),
            trivy("KSV-0005"),
            trivy("KSV-0022"),
            trivy("KSV-0119"),
            trivy("KSV-0120"),
            kubescape("C-0046"),
        ],
    },
    run,
};

/// Capabilities that by themselves lead to the node or past the network's rules.
const TO_THE_NODE: [&str; 11] = [
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "NET_ADMIN",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context) {
        let added = &view.container.security.capabilities.add;
        for fact in added
            .iter()
            .filter(|fact| !BASELINE_CAPABILITIES.contains(&fact.value.as_str()))
        {
            let severity = if TO_THE_NODE.contains(&fact.value.as_str()) {
                Severity::High
            } else {
                Severity::Medium
            };
            let report = view
                .report_at(
                    &fact.origin,
                    &format!("adds the capability `{}`", fact.value),
                )
                .part(format!("{}/{}", view.container.name, fact.value))
                .label("added here")
                .severity(severity);
            findings.add(check, report);
        }
    }
}

//! Pod shares a namespace of its node.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 2),
        slug: "host-namespace",
        title: "pod shares a namespace of its node",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "code in the pod sees and signals processes of the node, reads shared memory of others, or listens on the network of the node past every policy",
        fix: "remove `hostNetwork`, `hostPID` and `hostIPC`, or isolate the workload on nodes of its own",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.3, 5.2.4, 5.2.5",
            "Pod Security Standards: baseline",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "MITRE ATT&CK T1611",
        ],
        equivalents: &[
            checkov("CKV_K8S_17"),
            checkov("CKV_K8S_18"),
            checkov("CKV_K8S_19"),
            trivy("KSV-0008"),
            trivy("KSV-0009"),
            trivy("KSV-0010"),
            kubescape("C-0038"),
            kubescape("C-0041"),
            kube_linter("host-network"),
            kube_linter("host-pid"),
            kube_linter("host-ipc"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let pod = &workload.security;
        let namespaces = [
            ("hostNetwork", "network", &pod.host_network),
            ("hostPID", "process", &pod.host_pid),
            ("hostIPC", "IPC", &pod.host_ipc),
        ];
        for (field, what, fact) in namespaces {
            let Some(fact) = fact.as_ref().filter(|fact| fact.value) else {
                continue;
            };
            let message = format!(
                "`{}` shares the {what} namespace of its node",
                workload.name
            );
            let report = Report::new(&workload.id, &fact.origin, &workload.content, message);
            findings.add(
                check,
                report
                    .part(field)
                    .label("the border to the node is gone")
                    .replacing(&fact.origin, "false"),
            );
        }
    }
}

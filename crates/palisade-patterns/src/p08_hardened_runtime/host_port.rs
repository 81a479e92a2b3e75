//! Container takes a port of its node.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::{containers, is_true};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 15),
        slug: "host-port",
        title: "container takes a port of its node",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the port is open on the address of the node, past services and, with many network plugins, past network policies",
        fix: "remove `hostPort` and put a service in front",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.13",
            "Pod Security Standards: baseline",
        ],
        equivalents: &[
            checkov("CKV_K8S_26"),
            trivy("KSV-0024"),
            kubescape("C-0044"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context) {
        // On the network of the node every port is one of the node: that is PAL0802.
        if is_true(view.workload.security.host_network.as_ref()) {
            continue;
        }
        for port in &view.container.ports {
            let Some(host_port) = port.host_port else {
                continue;
            };
            let report = view
                .report_at(&port.origin, &format!("takes port {host_port} of its node"))
                .part(format!("{}/{host_port}", view.container.name))
                .label("open on the node");
            findings.add(check, report);
        }
    }
}

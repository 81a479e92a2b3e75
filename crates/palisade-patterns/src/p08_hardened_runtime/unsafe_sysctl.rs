//! Pod sets a kernel parameter that is not safe.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 13),
        slug: "unsafe-sysctl",
        title: "pod sets a kernel parameter that is not safe",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a parameter that is not bound to the pod changes the kernel for every other pod of the node",
        fix: "remove the parameter, or keep to the ones that Kubernetes counts as safe",
        references: &["Pod Security Standards: baseline"],
        equivalents: &[trivy("KSV-0026"), kube_linter("unsafe-sysctls")],
    },
    run,
};

/// Parameters that Kubernetes counts as safe, because they are bound to the pod.
const SAFE: [&str; 13] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_notsent_lowat",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        let unsafe_ones = workload
            .security
            .sysctls
            .iter()
            .filter(|fact| !SAFE.contains(&fact.value.replace('/', ".").as_str()));
        for fact in unsafe_ones {
            let message = format!(
                "`{}` sets the kernel parameter `{}`",
                workload.name, fact.value
            );
            let report = Report::new(&workload.id, &fact.origin, &workload.content, message)
                .part(fact.value.as_str())
                .label("not one of the safe ones");
            findings.add(check, report);
        }
    }
}

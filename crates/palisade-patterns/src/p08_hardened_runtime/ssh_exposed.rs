//! Container offers SSH.

use palisade_model::{BuildCommand, Check, CheckId, Confidence, Severity};

use crate::build_view::steps;
use crate::container_view::containers;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 23),
        slug: "ssh-exposed",
        title: "container offers SSH",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "a way in beside the one that is authenticated, authorized and logged",
        fix: "take the SSH server out and use `kubectl exec` or a debug container",
        references: &["NIST SP 800-190: 4.1.2", "MITRE ATT&CK T1021.004"],
        equivalents: &[
            checkov("CKV_DOCKER_1"),
            trivy("DS-0004"),
            kubescape("C-0042"),
            kube_linter("ssh-port"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for step in steps(context) {
        let BuildCommand::Expose { ports } = &step.instruction.command else {
            continue;
        };
        let ssh = |port: &String| port.split('/').next() == Some("22") && !port.ends_with("/udp");
        if ports.iter().any(ssh) {
            findings.add(
                check,
                step.report("exposes port 22").label("the port of SSH"),
            );
        }
    }
    for view in containers(context) {
        let port = view
            .container
            .ports
            .iter()
            .find(|port| port.port.get() == 22);
        if let Some(port) = port {
            let report = view.report_at(&port.origin, "listens on port 22");
            findings.add(check, report.label("the port of SSH"));
        }
    }
}

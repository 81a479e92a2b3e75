//! Port-level mutual TLS in a policy without selector.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 7),
        slug: "port-mode-without-effect",
        title: "port-level mutual TLS in a policy without selector",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the ports are not protected as the policy says",
        fix: "add a selector for the workload to the policy, or move the mode to `mtls`",
        references: &[
            "Istio: PeerAuthentication, portLevelMtls",
            "NIST SP 800-204B: service-to-service authentication",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::PeerAuthentication(policy) = &control.kind else {
            continue;
        };
        let selects = policy
            .scope
            .selector
            .as_ref()
            .is_some_and(|pods| !pods.is_everything());
        let (false, Some((port, mode))) = (selects, policy.ports.first()) else {
            continue;
        };
        let message = format!(
            "policy `{}` sets a mode for port {port} and has no selector, so Istio ignores it",
            control.id.name()
        );
        let report = Report::new(&control.id, &mode.origin, &control.content, message)
            .label("has no effect");
        findings.add(check, report);
    }
}

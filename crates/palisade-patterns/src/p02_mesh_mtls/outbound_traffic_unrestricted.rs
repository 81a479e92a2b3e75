//! Proxy that lets calls to unknown hosts out.

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 12),
        slug: "outbound-traffic-unrestricted",
        title: "proxy that lets calls to unknown hosts out",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "a compromised workload sends data to any host through its own proxy",
        fix: "set `outboundTrafficPolicy` to REGISTRY_ONLY and declare the external hosts with service entries",
        references: &[
            "Istio: Security best practices, egress",
            "MITRE ATT&CK T1041",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::Sidecar(scope) = &control.kind else {
            continue;
        };
        let mode = scope
            .outbound_policy
            .as_ref()
            .filter(|mode| mode.value == "ALLOW_ANY");
        let Some(mode) = mode else { continue };
        let message = format!(
            "`{}` lets calls to unknown hosts out (`ALLOW_ANY`)",
            control.id.name()
        );
        let report = Report::new(&control.id, &mode.origin, &control.content, message)
            .label("any host can be called")
            .replacing(&mode.origin, "REGISTRY_ONLY");
        findings.add(check, report);
    }
}

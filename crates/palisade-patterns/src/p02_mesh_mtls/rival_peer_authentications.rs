//! Two `PeerAuthentications` for the same scope.

use palisade_model::{
    Check, CheckId, Confidence, Control, ControlKind, PeerAuthentication, Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 13),
        slug: "rival-peer-authentications",
        title: "two PeerAuthentications for the same scope",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "only the oldest counts, so the one that requires mutual TLS may be the one that is ignored",
        fix: "keep one policy for the scope",
        references: &[
            "Istio: PeerAuthentication, precedence",
            "NIST SP 800-204B: service-to-service authentication",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let known: Vec<(&Control, &PeerAuthentication)> = context
        .model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::PeerAuthentication(policy) => Some((control, policy)),
            _ => None,
        })
        .collect();
    for (at, (control, policy)) in known.iter().enumerate() {
        let rival = known.iter().take(at).find(|(_, other)| {
            other.scope == policy.scope
                && other.mode.as_ref().map(|mode| mode.value)
                    != policy.mode.as_ref().map(|mode| mode.value)
        });
        let Some((other, _)) = rival else { continue };
        let message = format!(
            "policies `{}` and `{}` disagree about the same workloads",
            other.id.name(),
            control.id.name()
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("only the older of the two counts")
            .related(&other.origin, "the other policy");
        findings.add(check, report);
    }
}

//! What a container that says nothing of itself breaks.

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

/// What a container that says nothing breaks in a pod: each control with its field.
pub(super) fn gaps(pod: Datum<'_>) -> Vec<(&'static str, &'static str)> {
    let spec = pod.get("spec").unwrap_or(Datum::Null);
    let security = |path: &[&str]| {
        let context = spec.get("securityContext")?;
        build::at(context, path)
    };
    let mut gaps = vec![
        (
            "Privilege Escalation",
            "spec.containers[*].securityContext.allowPrivilegeEscalation",
        ),
        (
            "Capabilities",
            "spec.containers[*].securityContext.capabilities.drop",
        ),
    ];
    if security(&["seccompProfile", "type"]).is_none() {
        gaps.push((
            "Seccomp",
            "spec.containers[*].securityContext.seccompProfile.type",
        ));
    }
    if security(&["runAsNonRoot"]).and_then(Datum::as_bool) != Some(true) {
        gaps.push((
            "Running as Non-root",
            "spec.containers[*].securityContext.runAsNonRoot",
        ));
    }
    gaps
}

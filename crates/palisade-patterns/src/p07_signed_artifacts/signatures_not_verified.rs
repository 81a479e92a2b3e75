//! Admission policies verify no image signature.

use palisade_model::{
    AdmissionPolicy, Check, CheckId, Confidence, ControlKind, Enforcement, NodeId, NodeKind,
    Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 4),
        slug: "signatures-not-verified",
        title: "admission policies verify no image signature",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "an image that somebody else built, or changed on the way, is started like any other",
        fix: "add a policy that verifies signatures (Kyverno `verifyImages`, the policy controller of Sigstore) and that refuses",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.5.1",
            "CIS Docker Benchmark 1.6: 4.5",
            "NIST SP 800-190: 4.1.5",
            "SLSA v1.0",
        ],
        equivalents: &[
            kubescape("C-0236"),
            kubescape("C-0237"),
            kubescape("C-0289"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let policies: Vec<_> = context
        .model
        .controls
        .iter()
        .filter_map(|control| match &control.kind {
            ControlKind::Admission(policy) => Some((control, policy)),
            _ => None,
        })
        .collect();
    // Code without any admission policy says nothing about admission: that is PAL0609.
    let Some((first, _)) = policies.first() else {
        return;
    };
    let refusing = |policy: &AdmissionPolicy| policy.enforcement.value == Enforcement::Deny;
    if policies
        .iter()
        .any(|(_, policy)| policy.verifies_images && refusing(policy))
    {
        return;
    }
    let cluster = NodeId::new(NodeKind::Zone, "cluster");
    let audited = policies.iter().find(|(_, policy)| policy.verifies_images);
    let (control, message) = match audited {
        Some((control, _)) => (
            *control,
            "image signatures are verified, but a bad one is only reported",
        ),
        None => (
            *first,
            "no admission policy verifies the signature of an image",
        ),
    };
    let report = Report::new(&cluster, &control.origin, &control.content, message);
    findings.add(check, report.label("a policy that asks for no signature"));
}

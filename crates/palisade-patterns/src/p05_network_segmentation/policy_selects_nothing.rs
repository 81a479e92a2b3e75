//! Network policy that selects no pod.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, kubescape};
use crate::selection::{network_policies, pods_match};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 7),
        slug: "policy-selects-nothing",
        title: "network policy that selects no pod",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "the workload that the policy was written for is open, and nobody notices",
        fix: "correct the labels in `podSelector` so that they match the pods, or remove the policy",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening",
            "CIS Kubernetes Benchmark 1.8: 5.3.2",
        ],
        equivalents: &[kubescape("C-0299"), kube_linter("dangling-networkpolicy")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        let subject = &policy.subject;
        let Some(namespace) = &subject.namespace else {
            continue;
        };
        if subject.pods.is_everything() {
            continue;
        }
        let others = context.model.other_declarations.iter();
        let mut here = context
            .model
            .workloads_in(namespace)
            .iter()
            .chain(others.filter(|workload| workload.namespace == *namespace))
            .peekable();
        let known = here.peek().is_some();
        if !known || here.any(|workload| pods_match(&subject.pods, workload)) {
            continue;
        }
        let message = format!(
            "policy `{}` selects no pod: nothing in namespace `{namespace}` has the labels `{}`",
            control.id.name(),
            subject.pods
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("no workload in the code matches");
        findings.add(check, report);
    }
}

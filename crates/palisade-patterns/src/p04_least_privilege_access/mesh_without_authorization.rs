//! Meshed namespace in which no policy decides who may call.

use std::collections::BTreeMap;

use palisade_model::{Check, CheckId, Confidence, ControlKind, Severity, Workload};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{counted, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 21),
        slug: "mesh-without-authorization",
        title: "meshed namespace in which no policy decides who may call",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "every workload of the mesh may call every other, so one compromised workload reaches all of them",
        fix: "add an AuthorizationPolicy without rules to the namespace, then one per workload with the callers it has",
        references: &[
            "NIST SP 800-204B: authorization policies",
            "NIST SP 800-207: 2.1",
            "MITRE ATT&CK T1210",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    let mut open: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
    for workload in &model.workloads {
        let mesh = &workload.mesh;
        let istio = [&mesh.istio_sidecar, &mesh.istio_ambient];
        let member = istio.into_iter().flatten().any(|fact| fact.value);
        if member && !is_authorized(context, workload) {
            open.entry(&workload.namespace).or_default().push(workload);
        }
    }
    for (namespace, workloads) in open {
        let Some(zone) = model.namespace(namespace) else {
            continue;
        };
        let message = format!(
            "namespace `{namespace}` is in the mesh, and no AuthorizationPolicy decides who may call {}",
            counted(workloads.len(), "workload")
        );
        let mut report = Report::new(&zone.id, &zone.origin, &zone.content, message)
            .label("without a policy every call is allowed");
        for workload in workloads.iter().take(3) {
            report = report.related(&workload.origin, "any caller is accepted");
        }
        findings.add(check, report);
    }
}

fn is_authorized(context: &Context<'_>, workload: &Workload) -> bool {
    let root = context.analysis.mesh.root_namespace();
    [workload.namespace.as_str(), root]
        .into_iter()
        .flat_map(|namespace| context.analysis.controls_in(namespace))
        .any(|control| match &control.kind {
            ControlKind::Authorization(policy) => {
                scope_selects(context.model, &policy.scope, workload)
            }
            _ => false,
        })
}

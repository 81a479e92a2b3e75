//! Mesh without a default that requires mutual TLS.

use palisade_model::{Check, CheckId, Confidence, ControlKind, MtlsMode, Severity, Workload};

use super::modes::{accepts_plain_text, in_istio};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{counted, scope_selects};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 4),
        slug: "no-mesh-wide-default",
        title: "mesh without a default that requires mutual TLS",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "workloads of the mesh accept plain text from any pod, and so will every workload that is added",
        fix: "add a PeerAuthentication named default with mode STRICT to the mesh's root namespace",
        references: &[
            "NIST SP 800-204B: service-to-service authentication",
            "NIST SP 800-207A",
            "MITRE ATT&CK T1040",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    let open: Vec<&Workload> = model
        .workloads
        .iter()
        .filter(|workload| in_istio(workload) && accepts_plain_text(context, workload))
        .filter(|workload| !is_spoken_about(context, workload))
        .collect();
    let Some(first) = open.first() else { return };
    let Some(zone) = model.namespace(&first.namespace) else {
        return;
    };
    let message = format!(
        "no PeerAuthentication requires mutual TLS for {} of the mesh",
        counted(open.len(), "workload")
    );
    let mut report = Report::new(&zone.id, &zone.origin, &zone.content, message)
        .label("the default is `PERMISSIVE`");
    for workload in open.iter().take(3) {
        report = report.related(&workload.origin, "plain text is accepted");
    }
    findings.add(check, report);
}

/// Whether some policy chose its mode; that one is flagged itself.
fn is_spoken_about(context: &Context<'_>, workload: &Workload) -> bool {
    let root = context.analysis.mesh.root_namespace();
    [workload.namespace.as_str(), root]
        .into_iter()
        .flat_map(|namespace| context.analysis.controls_in(namespace))
        .any(|control| match &control.kind {
            ControlKind::PeerAuthentication(policy) => {
                let mode = policy.mode.as_ref().map(|mode| mode.value);
                mode.is_some_and(|mode| mode != MtlsMode::Unset)
                    && scope_selects(context.model, &policy.scope, workload)
            }
            _ => false,
        })
}

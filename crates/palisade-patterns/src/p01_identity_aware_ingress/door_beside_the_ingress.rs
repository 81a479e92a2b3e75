//! Service that goes round the ingress.

use palisade_model::{Check, CheckId, Confidence, EntryKind, EntryPoint, Model, Severity};

use super::doors::is_proxy;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, kubescape};
use crate::selection::{behind, service_selects, services_of};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 3),
        slug: "door-beside-the-ingress",
        title: "service that goes round the ingress",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "callers reach the workload directly, past the authentication, TLS and logs of the ingress",
        fix: "make the service ClusterIP, so that the ingress is the only way in",
        references: &[
            "NIST SP 800-207: 2.1",
            "CIS Kubernetes Benchmark 1.8: 5.3.2",
            "MITRE ATT&CK T1190",
        ],
        equivalents: &[kubescape("C-0256"), kube_linter("exposed-services")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for entry in model.entry_points.iter().filter(|entry| !entry.internal) {
        let kind = match entry.kind {
            EntryKind::LoadBalancer => "a load balancer",
            EntryKind::NodePort => "a port on every node",
            _ => continue,
        };
        let Some((front, workload)) = front_door(model, entry) else {
            continue;
        };
        let message = format!(
            "service `{}` opens {kind} to `{workload}`, which `{}` already leads to",
            entry.name,
            front.id.name()
        );
        let report = Report::new(&entry.id, &entry.origin, &entry.content, message)
            .label("goes round the front door")
            .related(&front.origin, "the front door");
        findings.add(check, report);
    }
}

/// An ingress, gateway or route to the same workload; the service of the proxy itself is the
/// front door and not a way round it.
fn front_door<'m>(model: &'m Model, entry: &'m EntryPoint) -> Option<(&'m EntryPoint, &'m str)> {
    let mut workloads = services_of(model, entry).flat_map(|service| behind(model, service));
    workloads.find_map(|workload| {
        if is_proxy(workload) {
            return None;
        }
        let front = model.entry_points.iter().find(|other| {
            matches!(
                other.kind,
                EntryKind::Ingress
                    | EntryKind::Gateway
                    | EntryKind::IstioGateway
                    | EntryKind::Route
            ) && services_of(model, other).any(|service| service_selects(service, workload))
        })?;
        Some((front, workload.name.as_str()))
    })
}

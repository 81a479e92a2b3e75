//! Service with external addresses.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, trivy};
use crate::selection::listed;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 12),
        slug: "external-address",
        title: "service with external addresses",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a service that claims an address gets the traffic that others send there",
        fix: "remove `externalIPs` and use a load balancer or a gateway",
        references: &["CVE-2020-8554", "MITRE ATT&CK T1557"],
        equivalents: &[trivy("KSV-0108")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for service in &context.model.services {
        let Some(first) = service.external_ips.first() else {
            continue;
        };
        let addresses = service
            .external_ips
            .iter()
            .map(|address| address.value.as_str());
        let message = format!(
            "service `{}` claims the external addresses {}",
            service.id.name(),
            listed(addresses)
        );
        let report = Report::new(&service.id, &first.origin, &service.content, message)
            .label("nodes take traffic for this address");
        findings.add(check, report);
    }
}

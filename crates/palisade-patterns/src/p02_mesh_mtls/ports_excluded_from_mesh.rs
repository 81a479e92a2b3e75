//! Ports that the proxy does not see.

use palisade_model::{Check, CheckId, Confidence, Fact, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(2, 5),
        slug: "ports-excluded-from-mesh",
        title: "ports that the proxy does not see",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "traffic on these ports is neither encrypted nor authenticated nor authorized",
        fix: "remove the annotation, or protect the ports with TLS of their own and a network policy",
        references: &[
            "NIST SP 800-204B: service-to-service authentication",
            "MITRE ATT&CK T1040",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context
        .model
        .workloads
        .iter()
        .filter(|known| known.mesh.is_member())
    {
        let mesh = &workload.mesh;
        let sides = [
            ("inbound", &mesh.excluded_inbound),
            ("outbound", &mesh.excluded_outbound),
        ];
        for (side, ports) in sides {
            let Some(first) = ports.first() else { continue };
            let message = format!(
                "workload `{}` keeps {side} ports {} out of the mesh",
                workload.id.name(),
                listed(ports)
            );
            let report = Report::new(&workload.id, &first.origin, &workload.content, message)
                .part(side)
                .label("the proxy does not see these");
            findings.add(check, report);
        }
    }
}

fn listed(ports: &[Fact<String>]) -> String {
    crate::selection::listed(ports.iter().map(|port| port.value.as_str()))
}

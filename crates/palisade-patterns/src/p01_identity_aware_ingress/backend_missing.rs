//! Entry point that leads to a service that does not exist or may not be used.

use palisade_model::{Backend, Check, CheckId, Confidence, Model, PortRef, Service, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 10),
        slug: "backend-missing",
        title: "entry point that leads to a service that does not exist or may not be used",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever may create the missing service gets the public name and its traffic",
        fix: "correct the name or port of the service, or add a ReferenceGrant in its namespace",
        references: &["Gateway API: ReferenceGrant", "MITRE ATT&CK T1584.001"],
        equivalents: &[
            kubescape("C-0298"),
            kubescape("C-0302"),
            kube_linter("dangling-ingress"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in &context.model.entry_points {
        for backend in &entry.backends {
            let Some(fault) = fault(context.model, backend) else {
                continue;
            };
            let message = format!("entry point `{}` leads to {fault}", entry.id.name());
            let report = Report::new(&entry.id, &backend.origin, &entry.content, message)
                .part(format!("{}/{}", backend.namespace, backend.service))
                .label("nothing answers here");
            findings.add(check, report);
        }
    }
}

fn fault(model: &Model, backend: &Backend) -> Option<String> {
    let name = format!("{}/{}", backend.namespace, backend.service);
    if !backend.permitted {
        return Some(format!(
            "service `{name}` of another namespace without a ReferenceGrant"
        ));
    }
    match model.service(&backend.namespace, &backend.service) {
        Some(service) => {
            let port = backend.port.as_ref()?;
            (!has_port(service, port))
                .then(|| format!("port `{port}` of service `{name}`, which has no such port"))
        }
        // Judged only where the code declares services of that namespace.
        None => model
            .services
            .iter()
            .any(|service| service.namespace == backend.namespace)
            .then(|| format!("service `{name}`, which does not exist")),
    }
}

fn has_port(service: &Service, port: &PortRef) -> bool {
    service.ports.is_empty()
        || service.ports.iter().any(|known| match port {
            PortRef::Number(number) => known.port == *number,
            PortRef::Name(name) => known.name.as_ref() == Some(name),
        })
}

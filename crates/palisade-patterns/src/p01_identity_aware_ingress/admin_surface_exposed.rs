//! Administration or debug surface that an entry point leads to.

use palisade_model::{Backend, Check, CheckId, Confidence, EntryPoint, Origin, Severity};

use super::admin_surfaces::{surface_of_path, surface_of_service};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};
use palisade_analysis::exposure::AuthState;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 6),
        slug: "admin-surface-exposed",
        title: "administration or debug surface that an entry point leads to",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "anybody who finds the address reads internals or takes over the administration",
        fix: "take it out of the entry point and reach it through a tunnel, or put an authenticating proxy in front",
        references: &[
            "MITRE ATT&CK T1133",
            "MITRE ATT&CK T1190",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Authentication and authorization",
        ],
        equivalents: &[kubescape("C-0021")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let doors = context.analysis.exposure.doors();
    for entry in context
        .model
        .entry_points
        .iter()
        .filter(|entry| !entry.internal)
    {
        let mut own = doors
            .iter()
            .filter(|door| door.entry == entry.id)
            .peekable();
        let known = own.peek().is_some();
        if known && own.all(|door| matches!(door.authenticated, AuthState::Authenticated(_))) {
            continue;
        }
        for backend in &entry.backends {
            let Some((surface, place)) = surface(context, entry, backend) else {
                continue;
            };
            let message = format!("entry point `{}` leads to {surface}", entry.id.name());
            let report = Report::new(&entry.id, place, &entry.content, message)
                .part(surface)
                .label("meant for administrators");
            findings.add(check, report);
        }
    }
}

fn surface<'m>(
    context: &Context<'m>,
    entry: &'m EntryPoint,
    backend: &'m Backend,
) -> Option<(String, &'m Origin)> {
    let path = backend.path.as_deref().and_then(surface_of_path);
    let found = path.or_else(|| surface_of_service(context.model, backend))?;
    let place = if backend.origin.file == entry.origin.file {
        &backend.origin
    } else {
        &entry.origin
    };
    Some((found, place))
}

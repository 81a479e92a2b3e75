//! Linkerd authorization that lets every caller through.

use palisade_model::{
    Check, CheckId, Confidence, ControlKind, LinkerdAuthentication, LinkerdAuthorization, Model,
    Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 20),
        slug: "linkerd-allows-everybody",
        title: "Linkerd authorization that lets every caller through",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "any pod of the cluster, in the mesh or not, may call the server",
        fix: "require a MeshTLSAuthentication that names the callers' identities",
        references: &[
            "Linkerd: Authorization policy",
            "NIST SP 800-204B: authorization policies",
            "NIST SP 800-207: 2.1",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for control in context.model.active_controls() {
        let ControlKind::LinkerdAuthorization(policy) = &control.kind else {
            continue;
        };
        let Some(why) = why_open(context.model, policy) else {
            continue;
        };
        let message = format!(
            "policy `{}` lets every caller through: {why}",
            control.id.name()
        );
        let report = Report::new(&control.id, &control.spec_origin, &control.content, message)
            .label("nobody is kept out");
        findings.add(check, report);
    }
}

/// All authentications are required together, so all of them must be open.
fn why_open(model: &Model, policy: &LinkerdAuthorization) -> Option<String> {
    if policy.required.is_empty() {
        return Some("it requires no authentication".to_owned());
    }
    let mut names = Vec::new();
    for required in &policy.required {
        if !is_open(model, required) {
            return None;
        }
        names.push(format!("`{}`", required.name));
    }
    Some(format!("{} accepts everybody", names.join(" and ")))
}

fn is_open(model: &Model, required: &LinkerdAuthentication) -> bool {
    model.active_controls().any(|control| match &control.kind {
        ControlKind::MeshTlsAuthentication(known) => {
            required.kind == "MeshTLSAuthentication"
                && (&known.namespace, &known.name) == (&required.namespace, &required.name)
                && known.identities.iter().any(|identity| identity == "*")
        }
        ControlKind::NetworkAuthentication(known) => {
            required.kind == "NetworkAuthentication"
                && (&known.namespace, &known.name) == (&required.namespace, &required.name)
                && known
                    .networks
                    .iter()
                    .any(|block| block == "0.0.0.0/0" || block == "::/0")
        }
        _ => false,
    })
}

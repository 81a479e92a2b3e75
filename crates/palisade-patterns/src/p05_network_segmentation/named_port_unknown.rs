//! Rule with a port name that no selected pod has.

use palisade_model::{
    Check, CheckId, Confidence, Model, NetworkPolicy, NetworkPort, Severity, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::selection::{network_policies, policy_selects, subject_to};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 9),
        slug: "named-port-unknown",
        title: "rule with a port name that no selected pod has",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "the rule allows nothing, and the quick repair for the outage is usually a rule that allows everything",
        fix: "use the name that the container gives the port, or its number",
        references: &["NSA/CISA Kubernetes Hardening Guide 1.2: Network separation and hardening"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let model = context.model;
    for (control, policy) in network_policies(model) {
        let selected = selected(model, policy);
        if selected.is_empty() {
            continue;
        }
        for rule in policy.ingress.as_deref().unwrap_or_default() {
            for port in rule.ports.as_deref().unwrap_or_default() {
                let NetworkPort::Named { name, .. } = port else {
                    continue;
                };
                if selected.iter().any(|workload| has_port(workload, name)) {
                    continue;
                }
                let message = format!(
                    "policy `{}` allows port `{name}`, and no pod that it selects has a port of that name",
                    control.id.name()
                );
                let report = Report::new(&control.id, &rule.origin, &control.content, message)
                    .part(format!("port {name}"))
                    .label("this rule allows nothing");
                findings.add(check, report);
            }
        }
    }
}

fn selected<'m>(model: &'m Model, policy: &NetworkPolicy) -> Vec<&'m Workload> {
    subject_to(model, policy)
        .iter()
        .chain(&model.other_declarations)
        .filter(|workload| policy_selects(model, policy, workload))
        .collect()
}

fn has_port(workload: &Workload, name: &str) -> bool {
    workload
        .containers
        .iter()
        .flat_map(|container| &container.ports)
        .any(|port| port.name.as_deref() == Some(name))
}

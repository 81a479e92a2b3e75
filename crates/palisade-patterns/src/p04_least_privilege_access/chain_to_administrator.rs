//! Identity that can make itself administrator.

use palisade_model::{Check, CheckId, Confidence, Identity, Model, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};
use palisade_analysis::privilege::Administrator;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(4, 6),
        slug: "chain-to-administrator",
        title: "identity that can make itself administrator",
        severity: Severity::Critical,
        confidence: Confidence::High,
        lets: "whoever takes over one workload of this identity owns the cluster in the steps that are shown",
        fix: "take the first step away: remove the verb, or limit it to names and namespaces that are not worth more",
        references: &[
            "MITRE ATT&CK T1078.004",
            "MITRE ATT&CK T1098.006",
            "CIS Kubernetes Benchmark 1.8: 5.1.1, 5.1.8",
        ],
        equivalents: &[kubescape("C-0267")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    let privileges = &context.analysis.privileges;
    for administrator in privileges.administrators() {
        let (Some(first), false) = (administrator.chain.first(), administrator.is_direct()) else {
            continue;
        };
        let Some(identity) = declared(context.model, administrator) else {
            continue;
        };
        let message = format!(
            "identity `{}` can make itself cluster administrator: {}",
            identity.id.name(),
            steps(administrator)
        );
        // The content of an identity is what it is granted; the binding stands for it.
        let binding = first.binding.as_ref();
        let binding =
            binding.and_then(|id| context.model.bindings.iter().find(|known| known.id == *id));
        let content = binding.map_or("", |binding| binding.content.as_str());
        let used = !privileges.workloads_of(&identity.id).is_empty();
        let severity = if used {
            Severity::Critical
        } else {
            Severity::High
        };
        let mut report = Report::new(&identity.id, &first.via, content, message)
            .severity(severity)
            .label("the first step");
        if let Some(binding) = binding {
            report = report.related(&binding.origin, "given here");
        }
        for step in administrator.chain.iter().skip(1) {
            report = report.related(&step.via, step.how.words());
        }
        findings.add(check, report);
    }
}

/// Users and groups that only bindings name are judged as well as service accounts.
fn declared<'m>(model: &'m Model, administrator: &Administrator) -> Option<&'m Identity> {
    model
        .identities
        .iter()
        .find(|identity| identity.id == administrator.identity)
}

fn steps(administrator: &Administrator) -> String {
    let words = administrator.chain.iter().map(|step| match &step.to {
        Some(identity) => format!("it {} (`{}`)", step.how.words(), identity.name()),
        None => format!("it {}", step.how.words()),
    });
    words.collect::<Vec<_>>().join(", then ")
}

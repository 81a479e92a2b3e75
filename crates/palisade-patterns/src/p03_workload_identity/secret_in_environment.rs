//! Secret is handed over as an environment variable.

use palisade_model::{Check, CheckId, Confidence, EnvSource, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 6),
        slug: "secret-in-environment",
        title: "secret is handed over as an environment variable",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "the secret leaks into crash reports, child processes, logs and everything that can read the environment of the process",
        fix: "mount the secret as a file",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.4.1",
            "MITRE ATT&CK T1552.001",
        ],
        equivalents: &[
            checkov("CKV_K8S_35"),
            kubescape("C-0207"),
            kube_linter("read-secret-from-env-var"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let container = view.container;
    let single = container
        .env
        .iter()
        .map(|variable| (&variable.source, &variable.origin));
    let whole = container
        .env_from
        .iter()
        .map(|fact| (&fact.value, &fact.origin));
    let mut places = single
        .chain(whole)
        .filter_map(|(source, origin)| match source {
            EnvSource::Secret { name, .. } => Some((name, origin)),
            _ => None,
        });
    let (name, origin) = places.next()?;
    let what = format!("takes the secret `{name}` from its environment");
    let mut report = view
        .report_at(origin, &what)
        .label("handed over as a variable");
    for (name, origin) in places {
        report = report.related(origin, format!("so is `{name}`"));
    }
    Some(report)
}

//! Ingress without a rate limit.

use palisade_model::{Check, CheckId, Confidence, EntryKind, EntryPoint, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(1, 8),
        slug: "no-rate-limit",
        title: "ingress without a rate limit",
        severity: Severity::Low,
        confidence: Confidence::Low,
        lets: "passwords and tokens are tried at full speed, and one caller takes the workload's capacity",
        fix: "set a limit, such as the annotation `nginx.ingress.kubernetes.io/limit-rps`",
        references: &[
            "OWASP API Security Top 10 2023: API4",
            "MITRE ATT&CK T1110",
            "MITRE ATT&CK T1499",
        ],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for entry in context
        .model
        .entry_points
        .iter()
        .filter(|entry| !entry.internal)
    {
        if entry.kind != EntryKind::Ingress || !is_nginx(entry) || is_limited(entry) {
            continue;
        }
        let message = format!("entry point `{}` has no rate limit", entry.id.name());
        let report = Report::new(&entry.id, &entry.origin, &entry.content, message)
            .label("no `limit-…` annotation");
        findings.add(check, report);
    }
}

fn is_nginx(entry: &EntryPoint) -> bool {
    let class = entry.class.as_ref().map(|class| class.value.as_str());
    let old = entry
        .annotations
        .get("kubernetes.io/ingress.class")
        .map(String::as_str);
    class.or(old).is_some_and(|name| name.contains("nginx"))
}

fn is_limited(entry: &EntryPoint) -> bool {
    const LIMITS: [&str; 6] = [
        "/limit-rps",
        "/limit-rpm",
        "/limit-connections",
        "/limit-req-rate",
        "/global-rate-limit",
        "/enable-modsecurity",
    ];
    entry
        .annotations
        .keys()
        .any(|key| LIMITS.iter().any(|limit| key.ends_with(limit)))
}

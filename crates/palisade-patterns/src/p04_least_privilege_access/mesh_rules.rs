//! Istio authorization rules: what they ask for, and where their conditions exist.

use palisade_model::{
    AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Check, Control, ControlKind,
    MeshOperation, MeshScope, Model, Protocol, ServicePort, Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::selection::{in_reach, listed, scope_selects, service_selects};

/// Paths that probes and scrapers ask for.
const HEALTH: [&str; 8] = [
    "/health", "/healthz", "/livez", "/readyz", "/ready", "/live", "/metrics", "/stats",
];

/// Protocols that carry no HTTP requests.
const TCP: [&str; 6] = ["tcp", "tls", "mongo", "mysql", "redis", "postgres"];

/// The authorization policies that hold, with their declarations.
pub(super) fn authorizations(
    model: &Model,
) -> impl Iterator<Item = (&Control, &AuthorizationPolicy)> {
    model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Authorization(policy) => Some((control, policy)),
            _ => None,
        })
}

/// Whether a rule asks nothing, and so matches every request.
pub(super) fn is_empty(rule: &AuthorizationRule) -> bool {
    rule.from.is_empty() && rule.to.is_empty() && rule.when.is_empty()
}

/// Whether a rule says who may call, by peer, token or address.
pub(super) fn asks_for_caller(rule: &AuthorizationRule) -> bool {
    let everybody = palisade_model::MeshSource::default();
    let sources = !rule.from.is_empty() && rule.from.iter().all(|source| *source != everybody);
    sources
        || rule
            .when
            .iter()
            .any(|when| when.key.starts_with("source.") || when.key.starts_with("request.auth."))
}

/// Whether a rule opens nothing but probe and metrics paths.
pub(super) fn only_health(rule: &AuthorizationRule) -> bool {
    let health = |path: &String| HEALTH.iter().any(|known| path.starts_with(known));
    !rule.to.is_empty()
        && rule
            .to
            .iter()
            .all(|to| !to.paths.is_empty() && to.paths.iter().all(health))
}

/// Whether a rule has a condition that exists in HTTP only.
pub(super) fn has_http_conditions(rule: &AuthorizationRule) -> bool {
    let operation = rule.to.iter().any(MeshOperation::is_http);
    let source = rule.from.iter().any(|from| {
        let lists = [
            &from.request_principals,
            &from.not_request_principals,
            &from.remote_ip_blocks,
            &from.not_remote_ip_blocks,
        ];
        lists.into_iter().any(|list| !list.is_empty())
    });
    operation
        || source
        || rule
            .when
            .iter()
            .any(|when| when.key.starts_with("request."))
}

/// One finding for each rule of policies with this action that asks for HTTP where its workloads
/// only serve TCP; `comes_to` says what the rule then does.
pub(super) fn report_http_on_tcp(
    check: &Check,
    context: &Context<'_>,
    (action, word, comes_to): (AuthorizationAction, &str, &str),
    findings: &mut Findings,
) {
    let policies = authorizations(context.model).filter(|(_, policy)| policy.action == action);
    for (control, policy) in policies {
        let workloads = tcp_only(context.model, &policy.scope);
        let serve = match workloads.len() {
            0 => continue,
            1 => "only serves TCP",
            _ => "only serve TCP",
        };
        let rules = policy.rules.iter().enumerate();
        for (at, rule) in rules.filter(|(_, rule)| has_http_conditions(rule)) {
            let message = format!(
                "rule {} of {word} policy `{}` has HTTP conditions and {comes_to}: {} {serve}",
                at + 1,
                control.id.name(),
                listed(workloads.iter().map(|workload| workload.name.as_str()))
            );
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("rule {}", at + 1))
                .label("methods, paths and hosts exist in HTTP only");
            findings.add(check, report);
        }
    }
}

/// Workloads of a scope whose service ports all say that they carry plain TCP; workloads without
/// a service say nothing.
fn tcp_only<'m>(model: &'m Model, scope: &MeshScope) -> Vec<&'m Workload> {
    in_reach(model, scope)
        .iter()
        .filter(|workload| scope_selects(model, scope, workload))
        .filter(|workload| {
            let mut ports = model
                .services_in(&workload.namespace)
                .iter()
                .filter(|service| service_selects(service, workload))
                .flat_map(|service| &service.ports)
                .peekable();
            ports.peek().is_some() && ports.all(is_tcp)
        })
        .collect()
}

/// `appProtocol` is asked before the prefix of the name.
fn is_tcp(port: &ServicePort) -> bool {
    if port.protocol != Protocol::Tcp {
        return false;
    }
    let written = match (&port.app_protocol, &port.name) {
        (Some(protocol), _) => protocol.as_str(),
        (None, Some(name)) => name.split('-').next().unwrap_or_default(),
        (None, None) => "",
    };
    TCP.contains(&written)
}

//! What mutual TLS comes to on both ends of a call.

use palisade_model::{
    AddedValue, Check, Control, ControlKind, DestinationRule, Fact, Model, TlsMode, TrafficTls,
    Workload,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::selection::behind;

/// Whether an Istio proxy takes a workload's traffic.
pub(super) fn in_istio(workload: &Workload) -> bool {
    let mesh = &workload.mesh;
    [&mesh.istio_sidecar, &mesh.istio_ambient]
        .into_iter()
        .flatten()
        .any(|fact| fact.value)
}

/// Whether any workload is in a mesh.
pub(super) fn uses_mesh(model: &Model) -> bool {
    model
        .workloads
        .iter()
        .any(|workload| workload.mesh.is_member())
}

/// Whether a workload accepts callers without mutual TLS, on any port that no policy names.
pub(crate) fn accepts_plain_text(context: &Context<'_>, workload: &Workload) -> bool {
    !context.analysis.mesh.mtls(&workload.id, None).is_required()
}

/// A client setting that takes the mesh's identity away from calls to workloads of the mesh.
#[derive(Debug)]
pub(super) struct PlainClient<'m> {
    /// The rule.
    pub(super) control: &'m Control,
    /// Where in the rule; empty for all ports.
    pub(super) part: String,
    /// The setting.
    pub(super) tls: &'m Fact<TrafficTls>,
    /// What it does.
    pub(super) words: &'static str,
    /// Workloads of the mesh that it is about.
    pub(super) destinations: Vec<&'m Workload>,
}

/// What servers on the other end of such a setting do with its calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainServer {
    /// Whether they accept them.
    pub(super) accepts: bool,
    /// After "for calls to `cart`, which".
    pub(super) words: &'static str,
    /// What to say about the server.
    pub(super) note: &'static str,
}

/// One finding for each such setting that leads to a server of this kind.
pub(super) fn report_plain_clients(
    check: &Check,
    context: &Context<'_>,
    server: PlainServer,
    findings: &mut Findings,
) {
    for plain in plain_clients(context.model) {
        let fits = |known: &&&Workload| accepts_plain_text(context, known) == server.accepts;
        let Some(workload) = plain.destinations.iter().find(fits) else {
            continue;
        };
        let control = plain.control;
        let message = format!(
            "rule `{}` {} for calls to `{}`, which {}",
            control.id.name(),
            plain.words,
            workload.name,
            server.words
        );
        let report = Report::new(&control.id, &plain.tls.origin, &control.content, message)
            .part(plain.part.as_str())
            .label("clients do not use the mesh's certificates")
            .related(&workload.origin, server.note);
        findings.add(check, plain.mended(report));
    }
}

/// Every such setting.
pub(super) fn plain_clients(model: &Model) -> Vec<PlainClient<'_>> {
    let plain = |mode: TlsMode| -> Option<&'static str> {
        match mode {
            TlsMode::Disable => Some("turns TLS off"),
            TlsMode::Simple => Some("uses TLS without a client certificate"),
            TlsMode::Mutual => Some("uses certificates of its own"),
            TlsMode::IstioMutual => None,
        }
    };
    client_settings(model)
        .filter_map(|setting| {
            let words = plain(setting.tls.value.mode)?;
            let destinations = destinations(model, setting.rule);
            (!destinations.is_empty()).then_some(PlainClient {
                control: setting.control,
                part: setting.part,
                tls: setting.tls,
                words,
                destinations,
            })
        })
        .collect()
}

/// A TLS setting of a `DestinationRule`.
#[derive(Debug)]
pub(super) struct ClientTls<'m> {
    /// The rule's node.
    pub(super) control: &'m Control,
    /// The rule.
    pub(super) rule: &'m DestinationRule,
    /// Where in the rule; empty for all ports.
    pub(super) part: String,
    /// The setting.
    pub(super) tls: &'m Fact<TrafficTls>,
}

impl PlainClient<'_> {
    /// Whether nothing but the mode is to be changed: other modes come with certificates of their
    /// own.
    pub(super) fn can_be_mended(&self) -> bool {
        self.tls.value.mode == TlsMode::Disable && !self.tls.origin.near
    }

    /// Adds the edit that lets the client use the mesh's certificates.
    pub(super) fn mended(&self, report: Report) -> Report {
        if !self.can_be_mended() {
            return report;
        }
        report.adding(
            &self.tls.origin,
            &["mode"],
            AddedValue::Word("ISTIO_MUTUAL"),
        )
    }
}

/// Every TLS setting of every `DestinationRule`: for all ports, for one, and for subsets.
pub(super) fn client_settings(model: &Model) -> impl Iterator<Item = ClientTls<'_>> {
    let rules = model.active_controls().filter_map(|control| {
        let ControlKind::DestinationRule(rule) = &control.kind else {
            return None;
        };
        Some((control, rule))
    });
    rules.flat_map(|(control, rule)| {
        let whole = rule.tls.iter().map(|tls| (String::new(), tls));
        let ports = rule
            .ports
            .iter()
            .map(|(port, tls)| (format!("port {port}"), tls));
        let subsets = rule
            .subsets
            .iter()
            .map(|(name, tls)| (format!("subset {name}"), tls));
        let all = whole.chain(ports).chain(subsets);
        all.map(move |(part, tls)| ClientTls {
            control,
            rule,
            part,
            tls,
        })
    })
}

/// Workloads of Istio's mesh behind the services that a rule's host means.
fn destinations<'m>(model: &'m Model, rule: &DestinationRule) -> Vec<&'m Workload> {
    model
        .services
        .iter()
        .filter(|service| host_means(rule, &service.namespace, &service.name))
        .flat_map(|service| behind(model, service))
        .filter(|workload| in_istio(workload))
        .collect()
}

/// Whether a host, short or full or with a wildcard in front, means a service.
fn host_means(rule: &DestinationRule, namespace: &str, name: &str) -> bool {
    let full = format!("{name}.{namespace}.svc.cluster.local");
    let host = rule.host.as_str();
    if let Some(suffix) = host.strip_prefix('*') {
        return full.ends_with(suffix);
    }
    if !host.contains('.') {
        return host == name && rule.namespace == namespace;
    }
    host == full
        || host == format!("{name}.{namespace}")
        || host == format!("{name}.{namespace}.svc")
}

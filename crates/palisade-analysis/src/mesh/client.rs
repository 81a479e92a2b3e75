//! How a client's proxy connects: DestinationRule may turn the mesh's mutual TLS off.

use palisade_model::{Control, DestinationRule, Fact, Service, ServicePort, TlsMode, TrafficTls};

/// The setting that a client in a namespace uses for a port of a service: rules of its own
/// namespace, then of the service's, then of the root; an exact host before a wildcard.
pub(crate) fn tls<'m>(
    rules: &[(&'m Control, &'m DestinationRule)],
    from_namespace: &str,
    root_namespace: &str,
    (service, port): (&Service, &ServicePort),
) -> Option<(&'m Control, &'m TrafficTls)> {
    let places = [from_namespace, service.namespace.as_str(), root_namespace];
    places.iter().find_map(|place| {
        let mut found: Vec<_> = rules
            .iter()
            .filter(|(_, rule)| rule.namespace == *place && is_about(rule, service))
            .collect();
        found.sort_by_key(|(_, rule)| rule.host.starts_with('*'));
        let (control, rule) = found.first()?;
        let on_port = rule
            .ports
            .iter()
            .find(|(number, _)| *number == port.port)
            .map(|(_, fact)| fact);
        let fact: &Fact<TrafficTls> = on_port.or(rule.tls.as_ref())?;
        Some((*control, &fact.value))
    })
}

/// Whether a mode carries the mesh's own identity.
pub(crate) fn proves_identity(mode: TlsMode) -> bool {
    mode == TlsMode::IstioMutual
}

fn is_about(rule: &DestinationRule, service: &Service) -> bool {
    let full = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
    if let Some(suffix) = rule.host.strip_prefix('*') {
        return full.ends_with(suffix);
    }
    // A short name is completed with the namespace of the rule, not of the service.
    let named = if rule.host.contains('.') {
        rule.host.clone()
    } else {
        format!("{}.{}", rule.host, rule.namespace)
    };
    named == full
        || full
            .strip_suffix(".cluster.local")
            .is_some_and(|short| short == named || short.strip_suffix(".svc") == Some(&named))
}

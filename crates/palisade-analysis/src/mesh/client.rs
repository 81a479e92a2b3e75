//! How a client's proxy connects: DestinationRule may turn the mesh's mutual TLS off.

use std::collections::BTreeMap;

use palisade_model::{Control, DestinationRule, Fact, Service, ServicePort, TlsMode, TrafficTls};

/// A rule with its control.
type Rule<'m> = (&'m Control, &'m DestinationRule);

/// DestinationRules by the namespace that they stand in.
#[derive(Debug, Default)]
pub(crate) struct Clients<'m> {
    /// Those for one host, by its full name.
    exact: BTreeMap<(&'m str, String), Rule<'m>>,
    /// Those for every host with an ending.
    endings: BTreeMap<&'m str, Vec<(&'m str, Rule<'m>)>>,
}

impl<'m> Clients<'m> {
    /// Adds a rule; the first one for a host counts.
    pub(crate) fn add(&mut self, control: &'m Control, rule: &'m DestinationRule) {
        let namespace = rule.namespace.as_str();
        if let Some(ending) = rule.host.strip_prefix('*') {
            let endings = self.endings.entry(namespace).or_default();
            endings.push((ending, (control, rule)));
            return;
        }
        self.exact
            .entry((namespace, full_host(rule)))
            .or_insert((control, rule));
    }

    /// The setting that a client in a namespace uses for a port of a service: rules of its own
    /// namespace, then of the service's, then of the root; an exact host before a wildcard.
    pub(crate) fn tls(
        &self,
        from_namespace: &str,
        root_namespace: &str,
        (service, port): (&Service, &ServicePort),
    ) -> Option<(&'m Control, &'m TrafficTls)> {
        if self.exact.is_empty() && self.endings.is_empty() {
            return None;
        }
        let full = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        let places = [from_namespace, service.namespace.as_str(), root_namespace];
        let found = places
            .iter()
            .find_map(|place| self.for_host(place, &full))?;
        let (control, rule) = found;
        let on_port = rule
            .ports
            .iter()
            .find(|(number, _)| *number == port.port)
            .map(|(_, fact)| fact);
        let fact: &Fact<TrafficTls> = on_port.or(rule.tls.as_ref())?;
        Some((control, &fact.value))
    }

    fn for_host(&self, namespace: &str, full: &str) -> Option<Rule<'m>> {
        let exact = self.exact.get(&(namespace, full.to_owned())).copied();
        exact.or_else(|| {
            let endings = self.endings.get(namespace)?.iter();
            let mut matching = endings.filter(|(ending, _)| full.ends_with(ending));
            matching.next().map(|(_, rule)| *rule)
        })
    }
}

/// Whether a mode carries the mesh's own identity.
pub(crate) fn proves_identity(mode: TlsMode) -> bool {
    mode == TlsMode::IstioMutual
}

/// The full name of a rule's host. A short name is completed with the namespace of the rule, not
/// of the service.
fn full_host(rule: &DestinationRule) -> String {
    const DOMAIN: &str = ".cluster.local";
    let host = &rule.host;
    if host.ends_with(DOMAIN) {
        host.clone()
    } else if host.strip_suffix(".svc").is_some() {
        format!("{host}{DOMAIN}")
    } else if host.contains('.') {
        format!("{host}.svc{DOMAIN}")
    } else {
        format!("{host}.{}.svc{DOMAIN}", rule.namespace)
    }
}

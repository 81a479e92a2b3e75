//! Which routes a gateway takes in: what each of its listeners admits.

use palisade_model::{Model, Port, Selector, ZoneKind};

use super::Route;
use crate::formats::kubernetes::namespaces::NAME_LABEL;

/// One listener of a gateway, as far as it decides which routes are attached.
#[derive(Debug, Clone)]
pub(crate) struct GatewayListener {
    /// Name; empty where it has none.
    pub(crate) name: String,
    /// Port.
    pub(crate) port: Option<Port>,
    /// Hosts, each with the namespace that it is kept for; empty means any.
    pub(crate) hosts: Vec<(Option<String>, String)>,
    /// Where routes may stand.
    pub(crate) namespaces: Admitted,
    /// Kinds of routes.
    pub(crate) kinds: Vec<String>,
}

/// Namespaces whose routes a listener admits.
#[derive(Debug, Clone)]
pub(crate) enum Admitted {
    /// That of the gateway.
    Same,
    /// Every one.
    All,
    /// None.
    None,
    /// Those with these labels.
    Labelled(Selector),
}

/// A question about a listener, and what it means when every one says no.
type Step<'s> = (&'s dyn Fn(&GatewayListener) -> bool, &'static str);

/// The listeners that take a route in, or why none does.
pub(super) fn admitting<'l>(
    route: &Route,
    listeners: &'l [GatewayListener],
    model: &Model,
) -> Result<Vec<&'l GatewayListener>, String> {
    let mut left: Vec<&GatewayListener> = listeners.iter().collect();
    let steps: [Step<'_>; 4] = [
        (
            &|listener| is_meant(route, listener),
            "it has no listener of this name or port",
        ),
        (
            &|listener| listener.kinds.contains(&route.kind_name),
            "its listeners admit other kinds of routes",
        ),
        (
            &|listener| admits_namespace(route, listener, model),
            "its listeners admit no routes of this namespace",
        ),
        (
            &|listener| shares_host(route, listener),
            "its listeners have other hosts",
        ),
    ];
    for (step, reason) in steps {
        left.retain(|listener| step(listener));
        if left.is_empty() {
            return Err(reason.to_owned());
        }
    }
    Ok(left)
}

fn is_meant(route: &Route, listener: &GatewayListener) -> bool {
    let named = route.section.as_ref();
    named.is_none_or(|name| *name == listener.name)
        && route.port.is_none_or(|port| listener.port == Some(port))
}

fn admits_namespace(route: &Route, listener: &GatewayListener, model: &Model) -> bool {
    let own = &route.own.namespace;
    match &listener.namespaces {
        Admitted::All => true,
        Admitted::None => false,
        Admitted::Same => *own == route.gateway.0,
        Admitted::Labelled(selector) => {
            let zone = model
                .zones
                .iter()
                .find(|zone| zone.kind == ZoneKind::Namespace && zone.name == *own);
            let mut labels = zone.map(|zone| zone.labels.clone()).unwrap_or_default();
            labels.insert(NAME_LABEL.to_owned(), own.clone());
            selector.matches(&labels)
        }
    }
}

fn shares_host(route: &Route, listener: &GatewayListener) -> bool {
    if listener.hosts.is_empty() {
        return true;
    }
    let own = &route.own.namespace;
    listener.hosts.iter().any(|(namespace, host)| {
        let kept = namespace.as_ref().is_none_or(|kept| kept == own);
        let any = route.hosts.is_empty() || host == "*";
        kept && (any || route.hosts.iter().any(|other| overlap(host, other)))
    })
}

/// Whether some host matches both; `*.` stands for one or more labels.
fn overlap(one: &str, other: &str) -> bool {
    let ends = |wild: &str, host: &str| {
        let suffix = wild.strip_prefix('*').map(str::to_ascii_lowercase);
        suffix.is_some_and(|suffix| host.to_ascii_lowercase().ends_with(&suffix))
    };
    one.eq_ignore_ascii_case(other) || ends(one, other) || ends(other, one)
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn hosts_overlap_where_one_name_matches_both() {
        assert!(overlap("a.example", "A.example"));
        assert!(overlap("*.example", "x.y.example"));
        assert!(overlap("*.y.example", "*.example"));
        assert!(!overlap("*.example", "example"));
        assert!(!overlap("a.example", "b.example"));
    }
}

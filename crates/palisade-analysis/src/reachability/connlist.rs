//! Connections as lines of text, sorted, in the form that listings of connectivity share.

use std::net::IpAddr;

use super::{Peer, Reachability};

/// Lines such as `shop/web[Deployment] => shop/cart[Deployment] : TCP 8080`. IPv6 addresses are
/// listed only where a policy speaks of IPv6.
pub fn connlist(reachability: &Reachability<'_>) -> Vec<String> {
    let v6 = reachability.classes.space.names_v6;
    let shown = |peer: &Peer<'_>| match peer {
        Peer::External(range) => v6 || matches!(range.first, IpAddr::V4(_)),
        Peer::Workload(_) => true,
    };
    let mut lines: Vec<String> = reachability
        .connections()
        .filter(|connection| shown(&connection.from) && shown(&connection.to))
        .map(|connection| {
            let (from, to) = (name(&connection.from), name(&connection.to));
            format!("{from} => {to} : {}", connection.allowed)
        })
        .collect();
    lines.sort();
    lines
}

fn name(peer: &Peer<'_>) -> String {
    match peer {
        Peer::Workload(workload) => {
            let kind = workload
                .custom_kind
                .as_deref()
                .unwrap_or(workload.kind.name());
            format!("{}/{}[{kind}]", workload.namespace, workload.name)
        }
        Peer::External(range) => format!("{range}[External]"),
    }
}

//! Egress rule that lets pods reach the cloud's metadata service.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::{
    Check, CheckId, Confidence, NetworkAction, NetworkPeer, NetworkPort, NetworkRule, Protocol,
    Severity,
};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, kubescape};
use crate::selection::network_policies;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(5, 8),
        slug: "metadata-service-reachable",
        title: "egress rule that lets pods reach the cloud's metadata service",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "a request forged through the workload fetches the node's cloud credentials from the metadata service",
        fix: "add `169.254.169.254/32` to `except` of the block, or name the destinations that are needed",
        references: &[
            "NSA/CISA Kubernetes Hardening Guide 1.2: Protecting sensitive cloud infrastructure",
            "MITRE ATT&CK T1552.005",
        ],
        equivalents: &[kubescape("C-0052")],
    },
    run,
};

/// Where all large clouds answer for instance metadata.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (control, policy) in network_policies(context.model) {
        let rules = policy.egress.as_deref().unwrap_or_default();
        let open = rules.iter().enumerate().filter(|(_, rule)| reaches(rule));
        for (at, rule) in open {
            let message = format!(
                "policy `{}` lets its pods reach the metadata service at `{METADATA}`",
                control.id.name()
            );
            let report = Report::new(&control.id, &rule.origin, &control.content, message)
                .part(format!("egress {}", at + 1))
                .label("covers the metadata service");
            findings.add(check, report);
        }
    }
}

fn reaches(rule: &NetworkRule) -> bool {
    let peer = |peer: &NetworkPeer| match peer {
        NetworkPeer::Block { cidr, except } => {
            cidr.net().contains(&METADATA)
                && !except.iter().any(|hole| hole.net().contains(&METADATA))
        }
        NetworkPeer::World => true,
        _ => false,
    };
    rule.action == NetworkAction::Allow
        && rule
            .peers
            .as_ref()
            .is_none_or(|peers| peers.iter().any(peer))
        && rule
            .ports
            .as_ref()
            .is_none_or(|ports| ports.iter().any(is_http))
}

/// The metadata service listens on port 80.
fn is_http(port: &NetworkPort) -> bool {
    match port {
        NetworkPort::Protocol { protocol } => *protocol == Protocol::Tcp,
        NetworkPort::Number { protocol, port } => *protocol == Protocol::Tcp && port.get() == 80,
        NetworkPort::Range { protocol, range } => {
            *protocol == Protocol::Tcp && range.first.get() <= 80 && 80 <= range.last.get()
        }
        NetworkPort::Named { .. } => false,
    }
}

//! Namespaces of applications with a default deny, name resolution, and rules between neighbours,
//! as real clusters have them.

use palisade_model::{
    Labels, Model, NetworkPeer, NetworkPolicy, NetworkPort, Port, Protocol, Selector,
};

use super::{Maker, labels, pods, policy, sorted, tcp};

/// How large a system is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Namespaces.
    pub(crate) namespaces: usize,
    /// Workloads of each.
    pub(crate) workloads: usize,
    /// Policies of each, the two defaults included.
    pub(crate) policies: usize,
}

impl Size {
    /// 10,000 workloads and 800 policies.
    pub(crate) const SMALL: Self = Self {
        namespaces: 200,
        workloads: 50,
        policies: 4,
    };
    /// 100,000 workloads and 4,000 policies.
    pub(crate) const LARGE: Self = Self {
        namespaces: 1_000,
        workloads: 100,
        policies: 4,
    };
}

/// Applications that the workloads of a namespace belong to.
const APPLICATIONS: usize = 10;

/// A system of this size.
pub(crate) fn model(maker: &Maker, size: Size) -> Model {
    let (mut workloads, mut controls) = (Vec::new(), Vec::new());
    for namespace in 0..size.namespaces {
        let name = format!("team-{namespace:04}");
        for index in 0..size.workloads {
            let app = format!("app-{}", index % APPLICATIONS);
            let revision = format!("{name}-{index}");
            let labels = labels(&[("app", &app), ("revision", &revision)]);
            workloads.push(maker.workload(&name, &format!("workload-{index:04}"), labels));
        }
        for index in 0..size.policies {
            let neighbour = format!("team-{:04}", (namespace + 1) % size.namespaces);
            let network = ruled(maker, (&name, &neighbour), index);
            controls.push(maker.control(&name, &format!("policy-{index:02}"), network));
        }
    }
    sorted(workloads, controls)
}

fn application(index: usize) -> Labels {
    labels(&[("app", &format!("app-{}", index % APPLICATIONS))])
}

/// The first policy denies everything, the second lets names be resolved and the neighbour be
/// called, and each further one lets two applications and an office in.
fn ruled(maker: &Maker, (namespace, neighbour): (&str, &str), index: usize) -> NetworkPolicy {
    let every = Selector::everything;
    match index {
        0 => policy(namespace, every(), Some(Vec::new()), Some(Vec::new())),
        1 => {
            let dns = Port::new(53).map(|port| NetworkPort::Number {
                protocol: Protocol::Udp,
                port,
            });
            let names = maker.allow(vec![NetworkPeer::Cluster], dns.into_iter().collect());
            let calls = vec![pods(namespace, every()), pods(neighbour, every())];
            let calls = maker.allow(calls, tcp(8080));
            policy(namespace, every(), None, Some(vec![names, calls]))
        }
        _ => {
            let office = format!("203.0.113.{}/32", index * 2);
            let office = office.parse().ok().map(|cidr| NetworkPeer::Block {
                cidr,
                except: Vec::new(),
            });
            let mut callers = vec![
                pods(namespace, Selector::from_labels(&application(index + 1))),
                pods(neighbour, Selector::from_labels(&application(index + 2))),
            ];
            callers.extend(office);
            let called = maker.allow(callers, tcp(8080));
            let selected = Selector::from_labels(&application(index));
            policy(namespace, selected, Some(vec![called]), None)
        }
    }
}

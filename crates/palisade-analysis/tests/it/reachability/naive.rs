//! The engine against a naive evaluation of single connections over small random estates.

use std::net::IpAddr;

use palisade_analysis::reachability::{ConnectionSet, Reachability};
use palisade_model::{
    Control, ControlKind, Labels, Model, NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort,
    NetworkRule, NetworkTier, Operator, PolicySubject, Port, PortRange, Protocol, Requirement,
    Selector, Workload,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::estate;

/// An end of a connection, as the naive evaluation sees it.
#[derive(Clone, Copy)]
enum End<'m> {
    Pod(&'m Workload, &'m Labels),
    Address(IpAddr),
}

fn namespace_labels(model: &Model, name: &str) -> Labels {
    let mut labels = model
        .namespace(name)
        .map(|zone| zone.labels.clone())
        .unwrap_or_default();
    let key = "kubernetes.io/metadata.name";
    if !labels.contains_key(key) {
        labels.insert(key.to_owned(), name.to_owned());
    }
    labels
}

fn on_node(workload: &Workload) -> bool {
    let fact = &workload.security.host_network;
    fact.as_ref().is_some_and(|fact| fact.value)
}

fn selects(model: &Model, network: &NetworkPolicy, end: End<'_>) -> bool {
    let End::Pod(workload, labels) = end else {
        return false;
    };
    let subject = &network.subject;
    let namespace = match &subject.namespace {
        Some(name) => *name == workload.namespace,
        None => subject
            .namespace_selector
            .matches(&namespace_labels(model, &workload.namespace)),
    };
    !on_node(workload) && namespace && subject.pods.matches(labels)
}

fn peer_matches(model: &Model, own: Option<&str>, peer: &NetworkPeer, end: End<'_>) -> bool {
    match (peer, end) {
        (
            NetworkPeer::Pods {
                namespaces,
                namespace_names: names,
                pods,
            },
            End::Pod(workload, labels),
        ) => {
            let named = names.is_empty() || names.contains(&workload.namespace);
            let namespace = match namespaces {
                None if names.is_empty() => own.is_none_or(|own| own == workload.namespace),
                None => true,
                Some(selector) => selector.matches(&namespace_labels(model, &workload.namespace)),
            };
            !on_node(workload) && named && namespace && pods.matches(labels)
        }
        (NetworkPeer::Nodes { .. }, End::Pod(workload, _)) => on_node(workload),
        (NetworkPeer::Block { cidr, except }, End::Address(address)) => {
            cidr.net().contains(&address)
                && !except.iter().any(|part| part.net().contains(&address))
        }
        (NetworkPeer::World, End::Address(_)) | (NetworkPeer::Cluster, End::Pod(..)) => true,
        _ => false,
    }
}

fn port_matches(port: &NetworkPort, to: End<'_>, (protocol, number): (Protocol, Port)) -> bool {
    match port {
        NetworkPort::Protocol { protocol: of } => *of == protocol,
        NetworkPort::Number { protocol: of, port } => *of == protocol && *port == number,
        NetworkPort::Range {
            protocol: of,
            range,
        } => *of == protocol && range.first <= number && number <= range.last,
        NetworkPort::Named { protocol: of, name } => {
            let End::Pod(workload, _) = to else {
                return false;
            };
            of.is_none_or(|of| of == protocol)
                && workload
                    .containers
                    .iter()
                    .flat_map(|c| &c.ports)
                    .any(|port| {
                        port.name.as_ref() == Some(name)
                            && port.protocol == protocol
                            && port.port == number
                    })
        }
    }
}

/// Whether one side of a connection lets it through, asked tier by tier.
fn lets_through(
    model: &Model,
    ingress: bool,
    (from, to): (End<'_>, End<'_>),
    connection: (Protocol, Port),
) -> bool {
    let (own, other) = if ingress { (to, from) } else { (from, to) };
    let mut policies: Vec<(&Control, &NetworkPolicy)> = model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Network(network) => Some((control, network)),
            _ => None,
        })
        .filter(|(_, network)| selects(model, network, own))
        .filter(|(_, network)| rules(network, ingress).is_some())
        .collect();
    policies.sort_by_key(|(control, network)| (network.tier, &control.id));
    let hits = |control: &Control, network: &NetworkPolicy| -> Vec<NetworkAction> {
        let namespace = control.namespace.as_deref();
        rules(network, ingress)
            .into_iter()
            .flatten()
            .filter(|rule| {
                rule.peers.as_ref().is_none_or(|peers| {
                    // Which nodes have which labels is not in the code: a denial of some denies none.
                    let denies = rule.action == NetworkAction::Deny;
                    peers
                        .iter()
                        .filter(|peer| !(denies && matches!(peer, NetworkPeer::Nodes { .. })))
                        .any(|peer| peer_matches(model, namespace, peer, other))
                }) && rule
                    .ports
                    .as_ref()
                    .is_none_or(|ports| ports.iter().any(|port| port_matches(port, to, connection)))
            })
            .map(|rule| rule.action)
            .collect()
    };
    let in_tier = |wanted: u8| {
        policies.iter().filter(move |(_, network)| {
            let tier = match network.tier {
                NetworkTier::Admin { .. } => 0,
                NetworkTier::Namespaced => 1,
                NetworkTier::Baseline { .. } => 2,
            };
            tier == wanted
        })
    };
    let first = |tier| {
        in_tier(tier)
            .flat_map(|(control, network)| hits(control, network))
            .next()
    };
    match first(0) {
        Some(NetworkAction::Allow) => return true,
        Some(NetworkAction::Deny) => return false,
        Some(NetworkAction::Pass) | None => {}
    }
    if in_tier(1).next().is_some() {
        let all: Vec<_> = in_tier(1)
            .flat_map(|(control, network)| hits(control, network))
            .collect();
        return all.contains(&NetworkAction::Allow) && !all.contains(&NetworkAction::Deny);
    }
    first(2) != Some(NetworkAction::Deny)
}

fn rules(network: &NetworkPolicy, ingress: bool) -> Option<&Vec<NetworkRule>> {
    if ingress {
        network.ingress.as_ref()
    } else {
        network.egress.as_ref()
    }
}

fn ends(workload: &Workload) -> Vec<End<'_>> {
    std::iter::once(&workload.pod_labels)
        .chain(&workload.other_pod_labels)
        .map(|labels| End::Pod(workload, labels))
        .collect()
}

fn naive(model: &Model, from: &[End<'_>], to: &[End<'_>], connection: (Protocol, Port)) -> bool {
    from.iter().any(|from| {
        to.iter().any(|to| {
            lets_through(model, false, (*from, *to), connection)
                && lets_through(model, true, (*from, *to), connection)
        })
    })
}

fn port(number: i64) -> Port {
    Port::new(number).expect("a port")
}

/// Every connection that the generated rules can tell apart.
fn probes() -> Vec<(Protocol, Port)> {
    let numbers = [1, 79, 80, 81, 90, 91, 8080, 65535];
    Protocol::ALL
        .into_iter()
        .flat_map(|protocol| numbers.map(|number| (protocol, port(number))))
        .collect()
}

fn addresses() -> Vec<IpAddr> {
    [
        "9.9.9.9",
        "10.0.0.1",
        "10.1.0.1",
        "11.0.0.1",
        "10.1.1.1",
        "10.2.0.1",
        "fd00::1",
        "fd00:1::1",
        "2001:db8::1",
    ]
    .map(|text| text.parse().expect("an address"))
    .to_vec()
}

fn selector() -> impl Strategy<Value = Selector> {
    let requirement = (
        prop::sample::select(vec!["app", "tier"]),
        prop::sample::select(vec![
            Operator::In,
            Operator::NotIn,
            Operator::Exists,
            Operator::DoesNotExist,
        ]),
        prop::sample::subsequence(vec!["a", "b", "c"], 1..=2),
    )
        .prop_map(|(key, operator, values)| Requirement {
            key: key.to_owned(),
            operator,
            values: values.into_iter().map(str::to_owned).collect(),
        });
    prop::collection::vec(requirement, 0..=2).prop_map(Selector::new)
}

fn peer() -> impl Strategy<Value = NetworkPeer> {
    let block = prop::sample::select(vec![
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.0.0.0/15",
        "fd00::/8",
        "::/0",
    ]);
    prop_oneof![
        4 => (prop::option::of(selector()), selector(), 0..4_u8).prop_map(|(namespaces, pods, named)| {
            // Some policies name the namespace, as Cilium's do.
            let named = (named == 0).then(|| "b".to_owned());
            NetworkPeer::Pods { namespaces, namespace_names: named.into_iter().collect(), pods }
        }),
        2 => (block, any::<bool>()).prop_map(|(cidr, cut)| NetworkPeer::Block {
            cidr: cidr.parse().expect("a block"),
            except: cut
                .then_some(["10.1.0.0/16", "10.1.0.0/24", "fd00:1::/32"])
                .into_iter()
                .flatten()
                .map(|text| text.parse().expect("a block"))
                .collect(),
        }),
        1 => Just(NetworkPeer::World),
        1 => Just(NetworkPeer::Cluster),
        1 => Just(NetworkPeer::Nodes { selector: Selector::everything() }),
    ]
}

fn rule_port() -> impl Strategy<Value = NetworkPort> {
    let protocol = prop::sample::select(Protocol::ALL.to_vec());
    (protocol, 0..4_u8, any::<bool>()).prop_map(|(protocol, shape, named)| match shape {
        0 => NetworkPort::Protocol { protocol },
        1 => NetworkPort::Number {
            protocol,
            port: port(80),
        },
        2 => NetworkPort::Range {
            protocol,
            range: PortRange {
                first: port(80),
                last: port(90),
            },
        },
        _ => NetworkPort::Named {
            protocol: named.then_some(protocol),
            name: "web".to_owned(),
        },
    })
}

fn rule() -> impl Strategy<Value = NetworkRule> {
    (
        prop::sample::select(vec![
            NetworkAction::Allow,
            NetworkAction::Allow,
            NetworkAction::Deny,
            NetworkAction::Pass,
        ]),
        prop::option::weighted(0.8, prop::collection::vec(peer(), 0..=2)),
        prop::option::of(prop::collection::vec(rule_port(), 1..=2)),
    )
        .prop_map(|(action, peers, ports)| NetworkRule {
            action,
            name: None,
            peers,
            ports,
            narrowed: false,
            origin: estate::origin(),
        })
}

fn policy() -> impl Strategy<Value = (NetworkPolicy, Option<String>)> {
    let rules = || prop::option::weighted(0.7, prop::collection::vec(rule(), 0..=3));
    let tier = prop_oneof![
        3 => Just(NetworkTier::Namespaced),
        2 => (0..3).prop_map(|priority| NetworkTier::Admin { priority }),
        1 => Just(NetworkTier::Baseline { priority: 0 }),
    ];
    let namespace = prop::sample::select(vec!["a", "b"]);
    (tier, namespace, (selector(), selector()), rules(), rules()).prop_map(
        |(tier, namespace, (namespaces, pods), ingress, egress)| {
            let own = (tier == NetworkTier::Namespaced).then(|| namespace.to_owned());
            let subject = PolicySubject {
                namespace: own.clone(),
                namespace_selector: namespaces,
                pods,
            };
            let network = NetworkPolicy {
                tier,
                subject,
                ingress,
                egress,
            };
            (network, own)
        },
    )
}

fn pod_labels() -> impl Strategy<Value = Labels> {
    let value = || prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    (value(), value()).prop_map(|(app, tier)| {
        let pairs = [("app", app), ("tier", tier)];
        let named = pairs
            .iter()
            .filter_map(|(key, value)| Some((*key, (*value)?)));
        estate::labels(&named.collect::<Vec<_>>())
    })
}

pub(super) fn model() -> impl Strategy<Value = Model> {
    let pod = (
        pod_labels(),
        prop::option::weighted(0.2, pod_labels()),
        0..3_u8,
        prop::bool::weighted(0.1),
        prop::sample::select(vec!["a", "b", "c"]),
    );
    let pods = prop::collection::vec(pod, 1..=5);
    (pods, prop::collection::vec(policy(), 0..=5)).prop_map(|(pods, policies)| {
        let workloads = pods.into_iter().enumerate();
        let workloads = workloads.map(|(index, (labels, other, ports, host, namespace))| {
            let ports: estate::Ports<'_> = match ports {
                0 => &[],
                1 => &[("web", Protocol::Tcp, 8080)],
                _ => &[("web", Protocol::Udp, 80), ("", Protocol::Tcp, 90)],
            };
            let name = format!("w{index}");
            let mut workload = estate::workload((namespace, &name), &[], ports);
            workload.pod_labels = labels;
            workload.other_pod_labels = other.into_iter().collect();
            if host {
                estate::on_node(workload)
            } else {
                workload
            }
        });
        let controls = policies.into_iter().enumerate();
        let controls = controls.map(|(index, (network, own))| {
            estate::control(&format!("p{index}"), own.as_deref(), network)
        });
        let zones = vec![
            estate::namespace("a", &[("app", "a")]),
            estate::namespace("b", &[("tier", "b")]),
        ];
        estate::model(zones, workloads.collect(), controls.collect())
    })
}

fn agree(model: &Model) -> Result<(), TestCaseError> {
    let engine = Reachability::of(model);
    let outside: Vec<End<'_>> = addresses().into_iter().map(End::Address).collect();
    let check = |set: &ConnectionSet, from: &[End<'_>], to: &[End<'_>], what: &str| {
        for probe in probes() {
            let expected = naive(model, from, to, probe);
            prop_assert_eq!(
                set.contains(probe.0, probe.1),
                expected,
                "{} {:?}",
                what,
                probe
            );
        }
        Ok(())
    };
    for from in &model.workloads {
        for to in &model.workloads {
            let what = format!("{} to {}", from.id, to.id);
            let set = engine.allowed(&from.id, &to.id);
            check(&set, &ends(from), &ends(to), &what)?;
            let explained = engine.explain(&from.id, &to.id);
            prop_assert_eq!(&explained.allowed, &set, "explained {}", what);
        }
        let what = format!("{} and the outside", from.id);
        check(&engine.to_internet(&from.id), &ends(from), &outside, &what)?;
        check(
            &engine.from_internet(&from.id),
            &outside,
            &ends(from),
            &what,
        )?;
    }
    prop_assert_eq!(engine.path_count(), paths(model, &engine));
    listed(model, &engine)
}

/// The number of paths, one pair after the other.
fn paths(model: &Model, engine: &Reachability<'_>) -> u64 {
    let ports = |to: &Workload, set: &ConnectionSet| -> u64 {
        let mut declared: Vec<_> = to.containers.iter().flat_map(|c| &c.ports).collect();
        declared.sort_by_key(|port| (port.protocol, port.port));
        declared.dedup_by_key(|port| (port.protocol, port.port));
        if declared.is_empty() {
            return u64::from(!set.is_empty());
        }
        let open = declared
            .iter()
            .filter(|port| set.contains(port.protocol, port.port));
        open.count() as u64
    };
    let mut total = 0;
    for to in &model.workloads {
        total += ports(to, &engine.from_internet(&to.id));
        for from in model.workloads.iter().filter(|from| from.id != to.id) {
            total += ports(to, &engine.allowed(&from.id, &to.id));
        }
    }
    total
}

/// Listed pairs are exactly those with a connection.
fn listed(model: &Model, engine: &Reachability<'_>) -> Result<(), TestCaseError> {
    use palisade_analysis::reachability::Peer;
    let mut pairs = std::collections::BTreeMap::new();
    for connection in engine.connections() {
        if let (Peer::Workload(from), Peer::Workload(to)) = (connection.from, connection.to) {
            let twice = pairs.insert((&from.id, &to.id), connection.allowed);
            prop_assert!(twice.is_none(), "{} to {} twice", from.id, to.id);
        }
    }
    for from in &model.workloads {
        for to in model.workloads.iter().filter(|to| to.id != from.id) {
            let set = engine.allowed(&from.id, &to.id);
            let known = pairs.remove(&(&from.id, &to.id)).unwrap_or_default();
            prop_assert_eq!(known, set, "listed {} to {}", from.id, to.id);
        }
    }
    prop_assert!(pairs.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_engine_agrees_with_a_naive_evaluation(model in model()) {
        agree(&model)?;
    }
}

//! Admin and baseline tiers around namespaced policies, denials, and what L7 leaves open.

use palisade_analysis::reachability::{Reachability, Tier};
use palisade_model::{
    Control, Model, NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule,
    NetworkTier, NodeId, NodeKind, PolicySubject, Port, Protocol, Selector,
};

use super::estate;

const ADMIN: fn(i32) -> NetworkTier = |priority| NetworkTier::Admin { priority };
const BASELINE: NetworkTier = NetworkTier::Baseline { priority: 0 };

fn rule(action: NetworkAction, ports: Option<&[i64]>) -> NetworkRule {
    let number = |port: &i64| NetworkPort::Number {
        protocol: Protocol::Tcp,
        port: Port::new(*port).expect("a port"),
    };
    NetworkRule {
        action,
        name: None,
        peers: None,
        ports: ports.map(|ports| ports.iter().map(number).collect()),
        narrowed: false,
        origin: estate::origin(),
    }
}

/// A policy over the ingress of every pod.
fn policy(name: &str, tier: NetworkTier, rules: Vec<NetworkRule>) -> Control {
    let namespaced = tier == NetworkTier::Namespaced;
    let network = NetworkPolicy {
        tier,
        subject: PolicySubject {
            namespace: namespaced.then(|| "shop".to_owned()),
            namespace_selector: Selector::everything(),
            pods: Selector::everything(),
        },
        ingress: Some(rules),
        egress: None,
    };
    estate::control(name, namespaced.then_some("shop"), network)
}

fn model(controls: Vec<Control>) -> Model {
    let workloads = vec![
        estate::workload(("shop", "a"), &[], &[]),
        estate::workload(("shop", "b"), &[], &[]),
    ];
    estate::model(Vec::new(), workloads, controls)
}

fn allowed(controls: Vec<Control>) -> String {
    let model = model(controls);
    let reachability = Reachability::of(&model);
    let set = reachability.allowed(&estate::id("shop", "a"), &estate::id("shop", "b"));
    set.to_string()
}

use NetworkAction::{Allow, Deny, Pass};

#[test]
fn p19_the_lower_number_wins_and_the_first_rule_that_matches_decides() {
    let first = || policy("z", ADMIN(1), vec![rule(Allow, Some(&[80]))]);
    let second = || policy("a", ADMIN(2), vec![rule(Deny, None)]);
    assert_eq!(allowed(vec![first(), second()]), "TCP 80");
    let mixed = vec![rule(Deny, Some(&[80])), rule(Allow, None)];
    let mixed = allowed(vec![policy("p", ADMIN(1), mixed), second()]);
    assert_eq!(mixed, "SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535");
}

#[test]
fn p19_pass_goes_to_namespaced_policies_and_to_the_baseline_only_without_them() {
    let admin = || {
        policy(
            "admin",
            ADMIN(1),
            vec![rule(Pass, Some(&[80])), rule(Deny, None)],
        )
    };
    let baseline = || policy("base", BASELINE, vec![rule(Deny, None)]);
    let namespaced = || {
        let rules = vec![rule(Allow, Some(&[80, 81]))];
        policy("np", NetworkTier::Namespaced, rules)
    };
    assert_eq!(
        allowed(vec![admin()]),
        "TCP 80",
        "passed and nothing else says no"
    );
    assert_eq!(allowed(vec![admin(), baseline()]), "No Connections");
    assert_eq!(allowed(vec![admin(), namespaced(), baseline()]), "TCP 80");
}

#[test]
fn p20_the_implicit_deny_of_namespaced_policies_stands_between_admin_and_baseline() {
    let admin = policy("admin", ADMIN(1), vec![rule(Allow, Some(&[1]))]);
    let namespaced = policy("np", NetworkTier::Namespaced, vec![rule(Allow, Some(&[2]))]);
    let baseline = policy("base", BASELINE, vec![rule(Allow, Some(&[3]))]);
    assert_eq!(allowed(vec![admin, namespaced, baseline]), "TCP 1-2");
}

#[test]
fn a_denial_in_the_namespaced_tier_wins_over_every_allow() {
    let allow = policy(
        "a",
        NetworkTier::Namespaced,
        vec![rule(Allow, Some(&[1, 2]))],
    );
    let deny = policy(
        "b",
        NetworkTier::Namespaced,
        vec![rule(Deny, Some(&[2, 3]))],
    );
    assert_eq!(allowed(vec![allow, deny]), "TCP 1");
}

#[test]
fn a_denial_that_an_l7_part_narrows_denies_nothing_for_sure() {
    let mut narrow = rule(Deny, None);
    narrow.narrowed = true;
    let rules = vec![rule(Allow, Some(&[1])), narrow];
    assert_eq!(
        allowed(vec![policy("a", NetworkTier::Namespaced, rules)]),
        "TCP 1"
    );
}

#[test]
fn names_outside_allow_the_outside_and_unknown_peers_nothing() {
    let mut control = policy("a", NetworkTier::Namespaced, Vec::new());
    let egress = |peer: NetworkPeer| {
        let mut one = rule(Allow, Some(&[443]));
        one.peers = Some(vec![peer]);
        one
    };
    let names = vec!["api.example.com".to_owned()];
    let palisade_model::ControlKind::Network(network) = &mut control.kind else {
        panic!("a network policy");
    };
    network.ingress = None;
    network.egress = Some(vec![
        egress(NetworkPeer::Domains { names }),
        egress(NetworkPeer::Unknown {
            text: "$group".to_owned(),
        }),
    ]);
    let model = model(vec![control]);
    let reachability = Reachability::of(&model);
    let a = estate::id("shop", "a");
    assert_eq!(reachability.to_internet(&a).to_string(), "TCP 443");
    assert!(
        reachability
            .allowed(&a, &estate::id("shop", "b"))
            .is_empty()
    );
}

#[test]
fn a_baseline_that_denies_everything_isolates() {
    let deny = model(vec![policy("base", BASELINE, vec![rule(Deny, None)])]);
    let isolation = Reachability::of(&deny).isolation(&estate::id("shop", "a"));
    assert!(isolation.ingress && !isolation.egress);
    let part = model(vec![policy(
        "base",
        BASELINE,
        vec![rule(Deny, Some(&[80]))],
    )]);
    assert!(
        !Reachability::of(&part)
            .isolation(&estate::id("shop", "a"))
            .ingress
    );
}

#[test]
fn inactive_policies_hold_for_nothing() {
    let mut deny = policy("a", NetworkTier::Namespaced, Vec::new());
    assert_eq!(allowed(vec![deny.clone()]), "No Connections");
    deny.active = false;
    assert_eq!(allowed(vec![deny]), "All Connections");
}

#[test]
fn an_explanation_names_the_deciding_rules_and_the_tier() {
    let model = model(vec![
        policy("admin", ADMIN(1), vec![rule(Deny, Some(&[22]))]),
        policy(
            "np",
            NetworkTier::Namespaced,
            vec![rule(Allow, Some(&[80]))],
        ),
    ]);
    let reachability = Reachability::of(&model);
    let (a, b) = (estate::id("shop", "a"), estate::id("shop", "b"));
    let why = reachability.explain(&a, &b);
    assert_eq!(why.allowed.to_string(), "TCP 80");
    assert_eq!(why.egress.len(), 1);
    assert_eq!(why.egress[0].tier, Tier::Default);
    let decided: Vec<_> = why
        .ingress
        .iter()
        .map(|one| {
            let name = one.policy.map(|policy| policy.name.as_str());
            (one.tier.word(), name, one.action, one.rule.is_some())
        })
        .collect();
    assert_eq!(
        decided,
        [
            ("admin", Some("admin"), Deny, true),
            ("namespaced", Some("np"), Allow, true),
            ("namespaced", Some("np"), Deny, false),
        ]
    );
    assert_eq!(why.ingress[0].connections.to_string(), "TCP 22");
    let internet = NodeId::new(NodeKind::Actor, "internet");
    assert_eq!(
        reachability.explain(&internet, &b).allowed.to_string(),
        "TCP 80"
    );
}

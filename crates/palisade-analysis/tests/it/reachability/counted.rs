//! Sizes: many workloads make few classes, and nothing is expanded to be counted.

use palisade_analysis::reachability::Reachability;
use palisade_model::{
    NetworkAction, NetworkPeer, NetworkPolicy, NetworkRule, NetworkTier, PolicySubject, Protocol,
    Selector,
};

use super::estate;

#[test]
fn alike_workloads_are_one_class_and_are_counted_by_weight() {
    let of = |app: &'static str, count: usize| {
        (0..count).map(move |index| {
            let ports: estate::Ports<'_> = &[("", Protocol::Tcp, 80), ("", Protocol::Tcp, 81)];
            estate::workload(("shop", &format!("{app}{index}")), &[("app", app)], ports)
        })
    };
    let workloads = of("web", 30).chain(of("db", 20)).collect();
    let selects = |app| Selector::from_labels(&estate::labels(&[("app", app)]));
    let network = NetworkPolicy {
        tier: NetworkTier::Namespaced,
        subject: PolicySubject {
            namespace: Some("shop".to_owned()),
            namespace_selector: Selector::everything(),
            pods: selects("db"),
        },
        ingress: Some(vec![NetworkRule {
            action: NetworkAction::Allow,
            name: None,
            peers: Some(vec![NetworkPeer::Pods {
                namespaces: None,
                namespace_names: Vec::new(),
                pods: selects("web"),
            }]),
            ports: None,
            narrowed: false,
            origin: estate::origin(),
        }]),
        egress: None,
    };
    let control = estate::control("p", Some("shop"), network);
    let model = estate::model(Vec::new(), workloads, vec![control]);
    let reachability = Reachability::of(&model);
    let stats = reachability.stats();
    assert_eq!((stats.classes, stats.atoms, stats.rows), (2, 2, 3));
    let web_to_web = 30 * 29 * 2;
    let web_to_db = 30 * 20 * 2;
    let db_to_web = 20 * 30 * 2;
    let internet_to_web = 30 * 2;
    let expected = web_to_web + web_to_db + db_to_web + internet_to_web;
    assert_eq!(reachability.path_count(), expected);
}

#[test]
fn an_empty_model_has_no_paths() {
    let model = estate::model(Vec::new(), Vec::new(), Vec::new());
    let reachability = Reachability::of(&model);
    assert_eq!(reachability.path_count(), 0);
    assert_eq!(reachability.connections().count(), 0);
    let nobody = estate::id("shop", "nobody");
    assert!(reachability.allowed(&nobody, &nobody).is_empty());
    assert!(!reachability.isolation(&nobody).ingress);
}

//! Ambient mode: what the node proxy and the waypoint each see, and who goes through which.

use palisade_analysis::mesh::{Caller, MeshView, Verdict};
use palisade_model::Model;

use crate::system::{app, authorization, deployment, namespace, port, read};

/// `pay` in `shop` is ambient and behind the waypoint `way`; `cart` is ambient, `side` in `other`
/// has a sidecar, `old` in `legacy` is outside.
fn shop(policies: &[(&str, &str)]) -> Model {
    let mut texts = vec![
        namespace(
            "shop",
            "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: way",
        ),
        namespace("other", "istio-injection: enabled"),
        app("shop", "cart", "http"),
        app("shop", "pay", "http"),
        app("other", "side", "http"),
        app("legacy", "old", "http"),
    ];
    texts.extend(
        policies
            .iter()
            .map(|(name, spec)| authorization("shop", name, spec)),
    );
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    read(&texts)
}

fn verdict(model: &Model, from: (&str, &str)) -> Verdict {
    let from = deployment(from.0, from.1);
    let to = deployment("shop", "pay");
    MeshView::of(model)
        .authorization(Caller::Workload(&from), &to, port(8080))
        .verdict
}

const CART: (&str, &str) = ("shop", "cart");
const SIDE: (&str, &str) = ("other", "side");
const OLD: (&str, &str) = ("legacy", "old");

/// Attached to the waypoint: only `cart` may call.
const ATTACHED: &str = "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: way}], rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/cart]}}]}]}";

#[test]
fn a_waypoints_policy_meets_ambient_callers_only() {
    let model = shop(&[("attached", ATTACHED)]);
    assert_eq!(verdict(&model, CART), Verdict::Allowed);
    // Neither a sidecar nor a caller outside is sent through the waypoint.
    assert_eq!(verdict(&model, SIDE), Verdict::Allowed);
    assert_eq!(verdict(&model, OLD), Verdict::Allowed);
    let nobody = ATTACHED.replace("sa/cart", "sa/nobody");
    let model = shop(&[("attached", &nobody)]);
    assert_eq!(verdict(&model, CART), Verdict::Denied);
    assert_eq!(verdict(&model, OLD), Verdict::Allowed);
}

#[test]
fn behind_a_waypoint_the_node_proxy_sees_the_waypoints_identity() {
    let only = |principal: &str| {
        format!(
            "{{selector: {{matchLabels: {{app: pay}}}}, rules: [{{from: [{{source: {{principals: [{principal}]}}}}]}}]}}"
        )
    };
    let way = only("cluster.local/ns/shop/sa/way");
    let model = shop(&[("attached", ATTACHED), ("node", &way)]);
    assert_eq!(verdict(&model, CART), Verdict::Allowed);
    assert_eq!(verdict(&model, SIDE), Verdict::Denied);
    assert_eq!(verdict(&model, OLD), Verdict::Denied);
    // The caller's own name is not what the node proxy sees.
    let cart = only("cluster.local/ns/shop/sa/cart");
    let model = shop(&[("node", &cart)]);
    assert_eq!(verdict(&model, CART), Verdict::Denied);
}

#[test]
fn what_rule_and_condition_ask_of_a_path_is_asked_at_once() {
    let spec = |path: &str| {
        format!(
            "{{targetRefs: [{{kind: Service, group: '', name: pay}}], rules: [{{to: [{{operation: {{paths: ['{path}']}}}}]}}]}}"
        )
    };
    let model = shop(&[("any", &spec("/{**}"))]);
    assert_eq!(verdict(&model, CART), Verdict::Allowed);
    let model = shop(&[("some", &spec("/api/{*}"))]);
    let Verdict::Conditional(effects) = verdict(&model, CART) else {
        panic!("it depends on the path");
    };
    assert_eq!(effects[0].when.words(), "the path is /api/{*}");
}

#[test]
fn the_meshs_own_trust_domain_may_have_another_name() {
    let principals = |list: &str| {
        format!(
            "{{selector: {{matchLabels: {{app: pay}}}}, rules: [{{from: [{{source: {{principals: [{list}]}}}}]}}]}}"
        )
    };
    let sidecar = |list: &str| {
        let texts = [
            namespace("shop", "istio-injection: enabled"),
            app("shop", "cart", "http"),
            app("shop", "pay", "http"),
            authorization("shop", "pay", &principals(list)),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        verdict(&read(&texts), CART)
    };
    // `cluster.local` always means the mesh's own domain, whatever that is called.
    assert_eq!(sidecar("cluster.local/ns/shop/sa/cart"), Verdict::Allowed);
    assert_eq!(sidecar("'*/ns/shop/sa/cart'"), Verdict::Allowed);
    // Another name may be its own, an alias, or a foreign mesh's: the code does not say.
    let Verdict::Conditional(effects) = sidecar("old-td/ns/shop/sa/cart") else {
        panic!("it depends on the mesh's configuration");
    };
    assert!(effects[0].when.words().contains("trust domain"));
    assert_eq!(sidecar("old-td/ns/shop/sa/other"), Verdict::Denied);
}

//! Doors from the internet, and what is behind them.

use palisade_analysis::Analysis;
use palisade_analysis::exposure::{AuthState, Door};
use palisade_model::Model;

use crate::system::{app, authorization, deployment, namespace, port, read};

fn ingress(annotations: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: shop, annotations: {{{annotations}}}}}
spec:
  rules: [{{host: shop.example.org, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]
"
    )
}

fn doors(model: &Model) -> Vec<Door> {
    Analysis::of(model).exposure.doors().to_vec()
}

fn model(texts: &[String]) -> Model {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    read(&texts)
}

#[test]
fn an_ingress_leads_to_the_pods_named_port() {
    let found = doors(&model(&[app("shop", "web", "http"), ingress("")]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].workload, deployment("shop", "web"));
    assert_eq!(found[0].port, Some(port(8080)));
    assert_eq!(found[0].authenticated, AuthState::Unauthenticated);
    assert!(found[0].network_allowed);
}

#[test]
fn an_ingress_that_asks_who_calls_is_authenticated() {
    for annotations in [
        "nginx.ingress.kubernetes.io/auth-url: 'https://auth.example.org'",
        "nginx.ingress.kubernetes.io/auth-tls-secret: shop/ca",
        "alb.ingress.kubernetes.io/auth-type: oidc",
    ] {
        let found = doors(&model(&[app("shop", "web", "http"), ingress(annotations)]));
        assert!(
            matches!(found[0].authenticated, AuthState::Authenticated(_)),
            "{annotations}"
        );
    }
    let none = "alb.ingress.kubernetes.io/auth-type: none";
    let found = doors(&model(&[app("shop", "web", "http"), ingress(none)]));
    assert_eq!(found[0].authenticated, AuthState::Unauthenticated);
    let named = "traefik.ingress.kubernetes.io/router.middlewares: shop-headers";
    let found = doors(&model(&[app("shop", "web", "http"), ingress(named)]));
    assert_eq!(found[0].authenticated, AuthState::Unknown);
}

#[test]
fn a_load_balancer_goes_straight_to_the_pods_that_policy_may_close() {
    let balancer = app("shop", "web", "http").replace(
        "spec:\n  selector: {app",
        "spec:\n  type: LoadBalancer\n  selector: {app",
    );
    let found = doors(&model(std::slice::from_ref(&balancer)));
    assert!(!found.is_empty());
    assert!(found.iter().all(|door| door.network_allowed));
    let closed = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: none, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";
    let model = model(&[balancer, closed.to_owned()]);
    assert!(!doors(&model)[0].network_allowed);
    let analysis = Analysis::of(&model);
    assert!(!analysis.exposure.is_exposed(&deployment("shop", "web")));
    assert_eq!(analysis.exposure.open_doors().count(), 0);
}

#[test]
fn the_internet_goes_on_from_a_workload_that_it_reached() {
    let texts = [
        app("shop", "web", "http"),
        app("shop", "pay", "http"),
        ingress(""),
    ];
    let open = model(&texts);
    let analysis = Analysis::of(&open);
    let way = |analysis: &Analysis<'_>| {
        let pay = deployment("shop", "pay");
        let paths = analysis.exposure.reach_from_internet();
        paths
            .iter()
            .find(|path| path.target == pay)
            .map(|path| path.hops.len())
    };
    assert_eq!(way(&analysis), Some(3));
    let guarded = [
        namespace("shop", "istio-injection: enabled"),
        texts[0].clone(),
        texts[1].clone(),
        texts[2].clone(),
        authorization("shop", "pay", "{selector: {matchLabels: {app: pay}}}"),
    ];
    let guarded = model(&guarded);
    assert_eq!(way(&Analysis::of(&guarded)), None);
}

/// Policies of every way to name callers, so that a search that goes by their names is held
/// against one that asks about every pair.
const CALLERS: &[(&str, &str)] = &[
    (
        "a",
        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}",
    ),
    (
        "b",
        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/a, cluster.local/ns/shop/sa/x]}}]}]}",
    ),
    ("c", "{rules: [{from: [{source: {serviceAccounts: [b]}}]}]}"),
    ("l", "{rules: [{from: [{source: {namespaces: [bank]}}]}]}"),
    (
        "d",
        "{rules: [{from: [{source: {serviceAccounts: [bank/teller]}}]}]}",
    ),
    (
        "e",
        "{rules: [{from: [{source: {notPrincipals: [cluster.local/ns/shop/sa/c]}}]}]}",
    ),
    (
        "f",
        "{rules: [{from: [{source: {principals: ['*/sa/c']}}]}]}",
    ),
    (
        "g",
        "{action: DENY, rules: [{from: [{source: {namespaces: [shop]}}]}]}",
    ),
    ("h", "{rules: [{to: [{operation: {ports: ['8080']}}]}]}"),
    ("i", "{}"),
    (
        "j",
        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/i]}}]}]}",
    ),
    (
        "k",
        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/h]}}], when: [{key: source.namespace, values: [shop]}]}]}",
    ),
];

#[test]
fn what_is_reached_by_name_is_what_is_reached_by_asking_about_every_pair() {
    use palisade_analysis::Analysis;
    use palisade_analysis::mesh::Caller;
    use std::collections::BTreeSet;

    let mut texts = vec![
        namespace("shop", "istio-injection: enabled"),
        namespace("bank", "istio-injection: enabled"),
        app("shop", "web", "http"),
        app("bank", "teller", "http"),
        app("legacy", "old", "http"),
        "apiVersion: v1\nkind: Service\nmetadata: {name: door, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n".to_owned(),
    ];
    for (name, spec) in CALLERS {
        let selected = spec.replacen(
            '{',
            &format!("{{selector: {{matchLabels: {{app: {name}}}}}, "),
            1,
        );
        texts.push(app("shop", name, "http"));
        texts.push(authorization("shop", name, &selected.replace(", }", "}")));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let model = read(&texts);
    let analysis = Analysis::of(&model);
    let doors = analysis.exposure.doors().iter();
    let mut reached: BTreeSet<_> = doors
        .filter(|door| door.network_allowed)
        .map(|door| door.workload.clone())
        .collect();
    assert_eq!(reached.len(), 1, "the door leads to one workload");
    loop {
        let before = reached.len();
        for to in &model.workloads {
            let called = reached.iter().any(|from| {
                let decision =
                    analysis
                        .mesh
                        .authorization(Caller::Workload(from), &to.id, port(8080));
                decision.may_pass() && !analysis.reachability.allowed(from, &to.id).is_empty()
            });
            if called {
                reached.insert(to.id.clone());
            }
        }
        if reached.len() == before {
            break;
        }
    }
    let found: BTreeSet<_> = analysis
        .exposure
        .reach_from_internet()
        .iter()
        .map(|path| path.target.clone())
        .collect();
    assert_eq!(found, reached);
    assert!(
        found.len() > 6 && found.len() < model.workloads.len(),
        "{found:?}"
    );
}

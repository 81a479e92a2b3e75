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

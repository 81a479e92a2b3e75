//! Which routes a gateway takes in, and where rules that hand requests on lead to.

use palisade_model::DiagnosticLevel;
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

/// Services behind the only door, and what was warned of.
fn behind(reading: &Reading) -> (Vec<String>, Vec<&str>) {
    let doors = &reading.model.entry_points;
    let services = doors.iter().flat_map(|door| &door.backends);
    let warned = reading
        .diagnostics
        .iter()
        .filter(|it| it.level == DiagnosticLevel::Warning);
    (
        services
            .map(|backend| {
                let path = backend.path.as_deref().unwrap_or("-");
                format!("{}/{} {path}", backend.namespace, backend.service)
            })
            .collect(),
        warned.map(|it| it.message.as_str()).collect(),
    )
}

fn gateway(listener: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{gatewayClassName: x, listeners: [{listener}]}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: app, labels: {{team: shop}}}}\n"
    )
}

fn route(kind: &str, more: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: app}}\nspec: {{{more}parentRefs: [{{name: gw, namespace: infra}}], rules: [{{backendRefs: [{{name: s, port: 80}}]}}]}}\n"
    )
}

#[test]
fn a_listener_admits_routes_of_its_own_namespace_unless_told_otherwise() {
    let told = |allowed: &str| {
        let listener = format!("{{name: a, port: 80, protocol: HTTP{allowed}}}");
        let reading = read(&format!("{}{}", gateway(&listener), route("HTTPRoute", "")));
        let (services, warned) = behind(&reading);
        (services.len(), warned.join(" ").contains("this namespace"))
    };
    assert_eq!(told(""), (0, true));
    let from = |text: &str| format!(", allowedRoutes: {{namespaces: {{{text}}}}}");
    assert_eq!(told(&from("from: All")), (1, false));
    assert_eq!(told(&from("from: Same")), (0, true));
    let team = |team: &str| format!("from: Selector, selector: {{matchLabels: {{team: {team}}}}}");
    assert_eq!(told(&from(&team("shop"))), (1, false));
    assert_eq!(told(&from(&team("other"))), (0, true));
    let named = "from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: app}}";
    assert_eq!(told(&from(named)), (1, false));
}

#[test]
fn a_listener_admits_the_kinds_of_its_protocol_unless_told_otherwise() {
    let told = |protocol: &str, kinds: &str, kind: &str| {
        let listener = format!(
            "{{name: a, port: 80, protocol: {protocol}, allowedRoutes: {{namespaces: {{from: All}}{kinds}}}}}"
        );
        let reading = read(&format!("{}{}", gateway(&listener), route(kind, "")));
        behind(&reading).0.len()
    };
    assert_eq!(told("HTTP", "", "GRPCRoute"), 1);
    assert_eq!(told("HTTP", "", "TLSRoute"), 0);
    assert_eq!(told("TLS", "", "TLSRoute"), 1);
    assert_eq!(told("HTTP", ", kinds: [{kind: GRPCRoute}]", "HTTPRoute"), 0);
}

#[test]
fn a_route_and_a_listener_need_a_host_in_common() {
    let told = |host: &str| {
        let listener = "{name: a, port: 80, protocol: HTTP, hostname: '*.example', allowedRoutes: {namespaces: {from: All}}}";
        let hosts = format!("hostnames: [{host}], ");
        let reading = read(&format!(
            "{}{}",
            gateway(listener),
            route("HTTPRoute", &hosts)
        ));
        behind(&reading).0.len()
    };
    assert_eq!(told("shop.example"), 1);
    assert_eq!(told("shop.test"), 0);
}

#[test]
fn a_gateway_of_istio_keeps_hosts_for_a_namespace() {
    let told = |namespace: &str| {
        let reading = read(&format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: mesh}}\nspec: {{servers: [{{port: {{number: 80, protocol: HTTP, name: a}}, hosts: [shop/x.example]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: {namespace}}}\nspec: {{hosts: [x.example], gateways: [mesh/gw], http: [{{route: [{{destination: {{host: s}}}}]}}]}}\n"
        ));
        behind(&reading).0.len()
    };
    assert_eq!((told("shop"), told("other")), (1, 0));
}

#[test]
fn requests_that_are_handed_on_reach_what_the_other_rules_name() {
    let text = r"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: mesh}
spec: {servers: [{port: {number: 80, protocol: HTTP, name: a}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: mesh}
spec:
  hosts: [x.example]
  gateways: [gw]
  http:
  - {match: [{uri: {prefix: /cart}}], delegate: {name: cart, namespace: shop}}
  - {match: [{uri: {prefix: /gone}}], delegate: {name: gone, namespace: shop}}
  - {route: [{destination: {host: web.shop}}], mirror: {host: shadow.shop}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec: {http: [{match: [{uri: {prefix: /cart/v2}}], route: [{destination: {host: v2}}]}, {route: [{destination: {host: v1}}]}]}
";
    let reading = read(text);
    let (services, warned) = behind(&reading);
    assert_eq!(
        services,
        [
            "shop/web -",
            "shop/shadow -",
            "shop/v2 /cart/v2",
            "shop/v1 /cart"
        ]
    );
    assert!(
        warned.len() == 1 && warned[0].contains("`shop/gone`"),
        "{warned:?}"
    );
    assert_eq!(reading.model.entry_points.len(), 1);
    assert_eq!(
        reading.model.entry_points[0].backends[2].hosts,
        ["x.example"]
    );
}

#[test]
fn an_ingress_without_a_class_is_of_the_default_one() {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {tls: [{hosts: [a.example]}], rules: [{host: a.example, http: {paths: [{path: /, backend: {service: {name: s, port: {number: 80}}}}]}}]}\n";
    let class = |default: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: edge, annotations: {{ingressclass.kubernetes.io/is-default-class: '{default}'}}}}\nspec: {{controller: k8s.io/ingress-nginx}}\n"
        )
    };
    let told = |text: &str| {
        let reading = read(text);
        let door = &reading.model.entry_points[0];
        let class = door.class.as_ref().map(|class| class.value.clone());
        let redirects = door.listeners.iter().any(|it| it.redirects_to_tls);
        (class, redirects)
    };
    assert_eq!(told(ingress), (None, false));
    assert_eq!(told(&format!("{ingress}{}", class("false"))), (None, false));
    // Its controller redirects to TLS by itself.
    let edge = Some("edge".to_owned());
    assert_eq!(told(&format!("{ingress}{}", class("true"))), (edge, true));
}

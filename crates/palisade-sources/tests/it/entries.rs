//! Doors from outside and the routes attached to them.

use palisade_model::{EntryKind, EntryPoint, PortRef};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

fn door<'a>(reading: &'a Reading, id: &str) -> &'a EntryPoint {
    let doors = &reading.model.entry_points;
    let found = doors.iter().find(|door| door.id.as_str() == id);
    found.unwrap_or_else(|| panic!("no {id} in {doors:#?}"))
}

fn targets(door: &EntryPoint) -> Vec<String> {
    door.backends
        .iter()
        .map(|backend| {
            let port = backend.port.as_ref().map(PortRef::to_string);
            format!(
                "{}/{}:{} {} {}",
                backend.namespace,
                backend.service,
                port.unwrap_or_default(),
                backend.hosts.join(","),
                backend.permitted,
            )
        })
        .collect()
}

fn listeners(door: &EntryPoint) -> Vec<String> {
    door.listeners
        .iter()
        .map(|listener| {
            format!(
                "{} {} {} {}",
                listener.protocol,
                listener.hosts.join(","),
                listener.tls.as_ref().map_or("-", |tls| tls.value.as_str()),
                listener.redirects_to_tls
            )
        })
        .collect()
}

#[test]
fn an_ingress_has_a_plain_and_a_secured_listener() {
    let reading = read(
        r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false"}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: other, port: {name: http}}}
  tls: [{hosts: [a.example], secretName: a}]
  rules:
  - host: a.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}
  - host: b.example
    http: {paths: [{path: /b, backend: {serviceName: b, servicePort: http}}]}
"#,
    );
    let door = door(&reading, "entry-point:shop/web[Ingress]");
    assert_eq!(door.kind, EntryKind::Ingress);
    assert_eq!(
        targets(door),
        [
            "shop/other:http  true",
            "shop/a:80 a.example true",
            "shop/b:http b.example true"
        ]
    );
    assert_eq!(
        listeners(door),
        [
            "HTTPS a.example Terminate false",
            "HTTP a.example - false",
            "HTTP b.example - false"
        ]
    );
}

#[test]
fn routes_join_their_gateway_and_need_a_grant_across_namespaces() {
    let reading = read(
        r#"
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: app}
spec:
  parentRefs: [{name: gw, namespace: infra}]
  hostnames: [x.example]
  rules:
  - backendRefs: [{name: own, port: 80}, {name: granted, namespace: db, port: 1}, {name: refused, namespace: db, port: 2}]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g, namespace: db}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: app}]
  to: [{group: "", kind: Service, name: granted}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: redirect, namespace: infra}
spec:
  parentRefs: [{name: gw, sectionName: web}]
  rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: istio
  listeners:
  - {name: web, port: 80, protocol: HTTP}
  - {name: other, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
"#,
    );
    let door = door(&reading, "entry-point:infra/gw[Gateway]");
    assert_eq!(
        targets(door),
        [
            "app/own:80 x.example true",
            "db/granted:1 x.example true",
            "db/refused:2 x.example false"
        ]
    );
    assert_eq!(
        listeners(door),
        ["HTTP  - true", "HTTP  - false", "HTTPS  Terminate false"]
    );
    assert_eq!(reading.model.entry_points.len(), 1);
}

#[test]
fn a_route_to_an_unknown_gateway_is_a_door_by_itself() {
    let reading = read(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: a}\nspec:\n  parentRefs: [{name: gw}]\n  rules: [{backendRefs: [{name: s, port: 80}]}]\n",
    );
    let door = door(&reading, "entry-point:a/r[HTTPRoute]");
    assert_eq!(targets(door), ["a/s:80  true"]);
    assert!(
        reading
            .diagnostics
            .iter()
            .any(|it| it.message.contains("`a/gw`, which no file declares"))
    );
}

#[test]
fn an_istio_gateway_leads_to_its_virtual_services() {
    let reading = read(
        r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: mesh}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, protocol: HTTP, name: a}, hosts: ["*"], tls: {httpsRedirect: true}}
  - {port: {number: 443, protocol: HTTPS, name: b}, hosts: ["shop/x.example"], tls: {mode: MUTUAL, minProtocolVersion: TLSV1_0}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: shop}
spec:
  hosts: [x.example]
  gateways: [mesh/gw, mesh]
  http:
  - route:
    - destination: {host: short, port: {number: 8080}}
    - destination: {host: full.other.svc.cluster.local}
    - destination: {host: api.somewhere.example}
"#,
    );
    let door = door(&reading, "entry-point:mesh/gw[Gateway]");
    assert_eq!(
        targets(door),
        [
            "shop/short:8080 x.example true",
            "other/full: x.example true"
        ]
    );
    assert_eq!(
        listeners(door),
        ["HTTP  - true", "HTTPS x.example MUTUAL false"]
    );
    assert!(door.gateway_selector.is_some());
}

#[test]
fn openshift_routes_and_exposed_services_and_ports_are_doors() {
    let reading = read(
        r"
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: r, namespace: a}
spec:
  host: r.example
  to: {kind: Service, name: s}
  tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}
---
apiVersion: v1
kind: Service
metadata:
  name: inner
  namespace: a
  annotations: {networking.gke.io/load-balancer-type: Internal}
spec: {type: LoadBalancer, selector: {app: x}, ports: [{port: 80, nodePort: 30080}]}
---
apiVersion: v1
kind: Service
metadata: {name: node, namespace: a}
spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, nodePort: 30081}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a, labels: {app: x}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 8080}]}]}
",
    );
    let route = door(&reading, "entry-point:a/r[Route]");
    assert_eq!(
        listeners(route),
        ["HTTPS r.example edge false", "HTTP r.example - true"]
    );
    assert!(door(&reading, "entry-point:a/inner[LoadBalancer]").internal);
    let node = door(&reading, "entry-point:a/node[NodePort]");
    assert_eq!(node.listeners[0].port.unwrap().get(), 30081);
    assert_eq!(targets(node), ["a/node:80  true"]);
    let host = door(&reading, "entry-point:a/p[HostPort]");
    assert_eq!(host.listeners[0].port.unwrap().get(), 8080);
}

#[test]
fn a_number_that_is_no_port_is_told_at_its_place() {
    let reading = read(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: s, port: {number: 70000}}}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n  listeners:\n  - {name: a, protocol: HTTP, port: 99999}\n",
    );
    let told: Vec<(u32, &str)> = reading
        .diagnostics
        .iter()
        .map(|it| (it.origin.as_ref().unwrap().start.line, it.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (4, "`70000` is no port: expected a number from 1 to 65535"),
            (11, "`99999` is no port: expected a number from 1 to 65535")
        ]
    );
}

//! Policies of Istio and Linkerd.

use palisade_model::{AuthorizationAction, ControlKind, LinkerdTarget, MtlsMode, PortRef, TlsMode};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

fn only(reading: &Reading) -> &ControlKind {
    assert_eq!(
        reading.model.controls.len(),
        1,
        "{:#?}",
        reading.diagnostics
    );
    &reading.model.controls[0].kind
}

#[test]
fn peer_authentication_knows_its_scope_and_ports() {
    let reading = read(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: d, namespace: istio-system}\nspec:\n  mtls: {mode: STRICT}\n  portLevelMtls: {\"8080\": {mode: DISABLE}, x: {mode: STRICT}}\n",
    );
    let ControlKind::PeerAuthentication(peers) = only(&reading) else {
        panic!()
    };
    assert!(peers.scope.root && peers.scope.selector.is_none());
    assert_eq!(peers.mode.as_ref().unwrap().value, MtlsMode::Strict);
    assert_eq!(peers.ports.len(), 1);
    assert_eq!(peers.ports[0].1.value, MtlsMode::Disable);
    assert_eq!(reading.diagnostics[0].message, "`x` is no port number");
}

#[test]
fn authorization_policies_keep_rules_and_refuse_unknown_actions() {
    let reading = read(
        r#"
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a, namespace: ns}
spec:
  targetRefs: [{kind: Service, group: "", name: s}]
  action: DENY
  rules:
  - {}
  - from: [{source: {principals: ["td/ns/x/sa/y"], notNamespaces: [z]}}]
    to: [{operation: {methods: [GET], ports: ["80"]}}]
    when: [{key: k, notValues: [v]}]
"#,
    );
    let ControlKind::Authorization(policy) = only(&reading) else {
        panic!()
    };
    assert_eq!(policy.action, AuthorizationAction::Deny);
    assert_eq!(policy.scope.targets[0].name, "s");
    assert!(policy.rules[0].from.is_empty());
    assert_eq!(policy.rules[1].from[0].not_namespaces, ["z"]);
    assert_eq!(policy.rules[1].to[0].ports, ["80"]);
    assert_eq!(policy.rules[1].when[0].not_values, ["v"]);
    let broken = read(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: ns}\nspec: {action: PERHAPS}\n",
    );
    assert_eq!(broken.model.controls, []);
    assert!(broken.diagnostics[0].message.contains("`PERHAPS`"));
}

#[test]
fn destination_rules_keep_client_tls_of_ports_and_subsets() {
    let reading = read(
        r"
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: ns}
spec:
  host: s
  trafficPolicy:
    tls: {mode: ISTIO_MUTUAL}
    portLevelSettings: [{port: {number: 1}, tls: {mode: DISABLE}}]
  subsets: [{name: v1, trafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true}, portLevelSettings: [{port: {number: 2}, tls: {mode: DISABLE}}]}}]
",
    );
    let ControlKind::DestinationRule(rule) = only(&reading) else {
        panic!()
    };
    assert_eq!(rule.tls.as_ref().unwrap().value.mode, TlsMode::IstioMutual);
    assert_eq!(rule.ports[0].1.value.mode, TlsMode::Disable);
    assert!(rule.subsets[0].1.value.skip_verify);
    assert_eq!(rule.subsets[1].0, "v1 on port 2");
    assert_eq!(rule.subsets[1].1.value.mode, TlsMode::Disable);
}

#[test]
fn telemetry_is_off_when_every_entry_is_off() {
    let reading = read(
        "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: a, namespace: ns}\nspec:\n  accessLogging: [{disabled: true}]\n  tracing: [{providers: [{name: p}]}]\n",
    );
    let ControlKind::Telemetry(telemetry) = only(&reading) else {
        panic!()
    };
    assert!(!telemetry.access_logging.as_ref().unwrap().value);
    assert!(telemetry.tracing.as_ref().unwrap().value);
}

#[test]
fn linkerd_servers_and_both_forms_of_authorization_are_read() {
    let reading = read(
        r#"
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: s, namespace: ns}
spec: {podSelector: {matchLabels: {app: a}}, port: http, accessPolicy: audit}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: p, namespace: ns}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: s}
  requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: m}]
---
apiVersion: policy.linkerd.io/v1beta1
kind: ServerAuthorization
metadata: {name: o, namespace: ns}
spec: {server: {name: s}, client: {meshTLS: {serviceAccounts: [{name: c}, {name: d, namespace: e}]}}}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: MeshTLSAuthentication
metadata: {name: m, namespace: ns}
spec: {identities: ["*"], identityRefs: [{kind: Namespace, name: q}, {kind: ServiceAccount, name: c}]}
"#,
    );
    let mut told = Vec::new();
    for control in &reading.model.controls {
        match &control.kind {
            ControlKind::LinkerdServer(server) => {
                assert_eq!(server.port, PortRef::Name("http".to_owned()));
                told.push("server".to_owned());
            }
            ControlKind::LinkerdAuthorization(it) => {
                assert!(matches!(&it.target, LinkerdTarget::Server { name } if name == "s"));
                told.push(it.required[0].name.clone());
            }
            ControlKind::MeshTlsAuthentication(it) => {
                told.push(format!("{}={}", it.name, it.service_accounts.join(",")));
            }
            other => panic!("{other:?}"),
        }
    }
    told.sort();
    assert_eq!(
        told,
        [
            "ServerAuthorization/o",
            "ServerAuthorization/o=ns/c,e/d",
            "m",
            "m=q/*,ns/c",
            "server"
        ]
    );
}

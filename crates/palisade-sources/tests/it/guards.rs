//! Cilium, admission, delivery, detection and audit.

use palisade_model::{
    ControlKind, Enforcement, NetworkAction, NetworkPeer, NetworkPolicy, NetworkPort, Protocol,
};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

fn network(text: &str) -> NetworkPolicy {
    let reading = read(text);
    match &reading.model.controls[0].kind {
        ControlKind::Network(policy) => policy.clone(),
        other => panic!("{other:?}"),
    }
}

const HEAD: &str =
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: n}\n";

#[test]
fn cilium_rules_have_peers_ports_and_narrowing() {
    let policy = network(&format!(
        "{HEAD}{}",
        r#"
spec:
  endpointSelector: {matchLabels: {"k8s:app": a}}
  ingress:
  - {}
  - fromEndpoints: [{matchLabels: {"k8s:app": b, "k8s:io.kubernetes.pod.namespace": m}}]
    toPorts:
    - {ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}
    - {ports: [{port: "9000", endPort: 9010}]}
  egressDeny:
  - toEntities: [world]
  egress:
  - toFQDNs: [{matchPattern: "*.example.com"}]
  - toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}, {cidr: 1.2.3.4}]
"#
    ));
    assert_eq!(policy.subject.pods.to_string(), "app=a");
    let ingress = policy.ingress.unwrap();
    assert_eq!(ingress.len(), 2);
    assert!(ingress[0].narrowed && !ingress[1].narrowed);
    let Some(
        [
            NetworkPeer::Pods {
                namespace_names,
                pods,
                ..
            },
        ],
    ) = ingress[0].peers.as_deref()
    else {
        panic!()
    };
    assert_eq!(
        (namespace_names.as_slice(), pods.to_string()),
        (&["m".to_owned()][..], "app=b".to_owned())
    );
    assert!(matches!(
        ingress[0].ports.as_deref(),
        Some([NetworkPort::Number {
            protocol: Protocol::Tcp,
            ..
        }])
    ));
    assert_eq!(ingress[1].ports.as_ref().unwrap().len(), 3);
    let egress = policy.egress.unwrap();
    assert_eq!(egress[0].action, NetworkAction::Deny);
    assert_eq!(egress[0].peers.as_deref(), Some(&[NetworkPeer::World][..]));
    assert!(matches!(
        egress[1].peers.as_deref(),
        Some([NetworkPeer::Domains { .. }])
    ));
    assert_eq!(egress[2].peers.as_ref().unwrap().len(), 2);
}

#[test]
fn an_empty_cilium_rule_denies_and_a_missing_direction_is_left_alone() {
    let policy = network(&format!(
        "{HEAD}spec: {{endpointSelector: {{}}, ingress: [{{}}], egress: []}}\n"
    ));
    assert_eq!(policy.ingress, Some(Vec::new()));
    assert_eq!(policy.egress, None);
    let policy = network(&format!(
        "{HEAD}spec: {{endpointSelector: {{}}, enableDefaultDeny: {{ingress: false}}, ingress: [{{fromEntities: [cluster]}}]}}\n"
    ));
    assert_eq!(policy.ingress, None);
}

#[test]
fn a_clusterwide_policy_may_hold_several() {
    let reading = read(
        r#"
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: c}
specs:
- endpointSelector: {matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": x}}
  ingress: [{fromEndpoints: [{}]}]
- endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": m}}
  egress: [{toEntities: [all]}]
- nodeSelector: {}
"#,
    );
    let subjects: Vec<(Option<String>, String)> = reading
        .model
        .controls
        .iter()
        .map(|control| match &control.kind {
            ControlKind::Network(policy) => (
                policy.subject.namespace.clone(),
                policy.subject.namespace_selector.to_string(),
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        subjects,
        [
            (None, "team=x".to_owned()),
            (Some("m".to_owned()), "everything".to_owned())
        ]
    );
    assert!(
        reading
            .diagnostics
            .iter()
            .any(|it| it.message.contains("for nodes"))
    );
}

#[test]
fn admission_policies_tell_whether_they_refuse() {
    let reading = read(
        r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: a}
spec:
  validationFailureAction: Audit
  rules:
  - {match: {any: [{resources: {kinds: [Pod]}}]}, validate: {failureAction: Enforce}}
  - {name: late, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: x}}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: b}
spec: {rules: [{match: {resources: {kinds: [Pod]}}, verifyImages: [{imageReferences: ["*"]}]}]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sWhatever
metadata: {name: c}
spec: {match: {kinds: [{kinds: [Pod]}]}}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sWhatever
metadata: {name: d}
spec: {enforcementAction: dryrun}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: f}
spec: {mode: warn, authorities: [{keyless: {}}]}
"#,
    );
    let mut told: Vec<(&str, bool, bool, String)> = reading
        .model
        .controls
        .iter()
        .map(|control| match &control.kind {
            ControlKind::Admission(policy) => (
                control.name.as_str(),
                policy.enforcement.value == Enforcement::Deny,
                policy.verifies_images,
                policy.kinds.join(","),
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    told.sort();
    let pod = || "Pod".to_owned();
    assert_eq!(
        told,
        [
            ("a", true, false, pod()),
            ("a#late", false, false, pod()),
            ("b", false, true, pod()),
            ("c", true, false, pod()),
            ("d", false, false, String::new()),
            ("f", false, true, pod()),
        ]
    );
}

#[test]
fn reconcilers_detections_and_audit_policies_are_read() {
    let reading = read(
        r"
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec: {destination: {namespace: shop}, syncPolicy: {automated: {selfHeal: true}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux}
spec: {suspend: true}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: c, namespace: m}
spec: {groups: [{rules: [{alert: Down}, {record: x}]}]}
---
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: d}
spec: {kprobes: [{call: x, selectors: [{matchActions: [{action: Sigkill}]}]}]}
---
apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{level: None}, {level: Metadata}]
",
    );
    let mut told: Vec<String> = reading
        .model
        .controls
        .iter()
        .map(|control| match &control.kind {
            ControlKind::Reconciler {
                self_heals,
                destination,
                ..
            } => format!("{} heals={self_heals} {destination:?}", control.name),
            ControlKind::Detection { rules, responds } => {
                format!("{} {} responds={responds}", control.name, rules.join(","))
            }
            ControlKind::AuditPolicy { records } => format!("audit {records}"),
            other => panic!("{other:?}"),
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "a heals=true Some(\"shop\")",
            "audit true",
            "b heals=false None",
            "c Down responds=false",
            "d d responds=true",
        ]
    );
}

//! Core kinds of Kubernetes.

use palisade_model::{
    ControlKind, EnvSource, NetworkPeer, NetworkPolicy, NetworkPort, NetworkTier, PortRef,
    SecretForm, SecretKind, ServiceKind, Strategy, VolumeSource, Workload, WorkloadKind,
};
use palisade_sources::{Options, Reading, read_texts};

fn reading(text: &str) -> Reading {
    read_texts(&[("app.yaml", text)], &Options::default())
}

fn messages(reading: &Reading) -> Vec<&str> {
    reading
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.message.as_str())
        .collect()
}

fn only(reading: &Reading) -> &Workload {
    let [workload] = reading.model.workloads.as_slice() else {
        panic!("{:?}", reading.model.workloads);
    };
    workload
}

fn policy(reading: &Reading) -> &NetworkPolicy {
    let [control] = reading.model.controls.as_slice() else {
        panic!("{:?}", reading.model.controls);
    };
    let ControlKind::Network(policy) = &control.kind else {
        panic!("{:?}", control.kind);
    };
    policy
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  replicas: 2
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: cart, version: 1}}
    spec:
      serviceAccountName: cart
      hostNetwork: true
      initContainers:
      - {name: proxy, image: envoy, restartPolicy: Always}
      containers:
      - name: main
        image: ghcr.io/shop/cart:1.2@sha256:abc
        args: [--listen=:7070, --admin-password=hunter2]
        env:
        - {name: DB_PASSWORD, value: s3cr3t-value}
        - {name: MODE, value: fast}
        - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: k}}}
        ports: [{name: http, containerPort: 7070}, {containerPort: 70700}]
        securityContext:
          privileged: true
          capabilities: {drop: [CAP_ALL], add: [net_admin]}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes:
      - {name: data, hostPath: {path: /}}
";

#[test]
fn a_deployment_is_read_with_all_its_parts() {
    let reading = reading(DEPLOYMENT);
    let cart = only(&reading);
    assert_eq!(cart.id.as_str(), "workload:shop/cart[Deployment]");
    assert_eq!(cart.kind, WorkloadKind::Deployment);
    assert_eq!(cart.replicas.as_ref().map(|it| it.value), Some(2));
    assert_eq!(
        cart.strategy.kind.as_ref().map(|it| it.value),
        Some(Strategy::Recreate)
    );
    assert_eq!(
        cart.pod_labels.get("version").map(String::as_str),
        Some("1")
    );
    assert!(
        cart.security
            .host_network
            .as_ref()
            .is_some_and(|it| it.value)
    );
    let main = &cart.containers[0];
    let image = &main.image.as_ref().unwrap().value;
    assert_eq!(
        (image.registry.as_str(), image.tag.as_deref()),
        ("ghcr.io", Some("1.2"))
    );
    assert_eq!(
        main.security.privileged.as_ref().unwrap().origin.start.line,
        24
    );
    assert_eq!(main.security.capabilities.drop[0].value, "ALL");
    assert_eq!(main.security.capabilities.add[0].value, "NET_ADMIN");
    assert_eq!(main.ports.len(), 1);
    assert_eq!(
        cart.volumes[0].source,
        VolumeSource::HostPath {
            path: "/".to_owned()
        }
    );
    assert_eq!(
        messages(&reading),
        ["`70700` is no port: expected a number from 1 to 65535"]
    );
}

#[test]
fn values_of_secrets_are_never_kept() {
    let reading = reading(DEPLOYMENT);
    let shown = format!("{:?}", reading.model);
    assert!(
        !shown.contains("hunter2") && !shown.contains("s3cr3t-value"),
        "{shown}"
    );
    let main = &only(&reading).containers[0];
    assert_eq!(
        main.env[0].source,
        EnvSource::Literal {
            value: None,
            secret: Some(SecretKind::Password)
        }
    );
    assert_eq!(main.command[1].value, "--admin-password=[hidden]");
    let ids: Vec<&str> = reading
        .model
        .secrets
        .iter()
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "secret:app.yaml:17/admin-password",
            "secret:app.yaml:19/DB_PASSWORD",
            "secret:shop/keys",
        ]
    );
    assert_eq!(reading.model.secrets[2].form, SecretForm::Reference);
}

#[test]
fn secrets_tell_their_form_and_kind() {
    let reading = reading(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: aHVudGVyMg==}\n\
         ---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {token: '${TOKEN}'}\n\
         ---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: c\n  annotations: {kubernetes.io/service-account.name: ci}\n\
         type: kubernetes.io/service-account-token\n\
         ---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: d}\n\
         spec: {encryptedData: {k: AgB}}\n",
    );
    let told: Vec<_> = reading
        .model
        .secrets
        .iter()
        .map(|it| (it.name.as_str(), it.form, it.kind))
        .collect();
    assert_eq!(
        told,
        [
            ("a", SecretForm::Literal, SecretKind::Password),
            ("b", SecretForm::Reference, SecretKind::Opaque),
            ("c", SecretForm::Reference, SecretKind::ServiceAccountToken),
            ("d", SecretForm::Managed, SecretKind::Opaque),
        ]
    );
    assert_eq!(
        reading.model.secrets[2].service_account.as_deref(),
        Some("ci")
    );
}

#[test]
fn services_resolve_kinds_and_target_ports() {
    let reading = reading(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\
         spec: {clusterIP: None, selector: {app: a}, ports: [{port: 80, targetPort: web}, {port: 53, protocol: UDP}]}\n",
    );
    let service = &reading.model.services[0];
    assert_eq!(service.kind.value, ServiceKind::Headless);
    assert_eq!(service.ports[0].target, PortRef::Name("web".to_owned()));
    assert_eq!(service.ports[1].target.to_string(), "53");
}

fn network(spec: &str) -> Reading {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\n";
    reading(&format!("{head}{spec}"))
}

#[test]
fn unwritten_policy_types_follow_the_rules() {
    let reading = network("spec: {podSelector: {}}\n");
    assert_eq!(policy(&reading).ingress, Some(Vec::new()));
    assert_eq!(policy(&reading).egress, None);
    let reading = network("spec: {podSelector: {}, egress: [{}]}\n");
    let egress = policy(&reading).egress.as_ref().unwrap();
    assert_eq!((&egress[0].peers, &egress[0].ports), (&None, &None));
    let reading = network("spec: {podSelector: {}, policyTypes: [Egress]}\n");
    assert_eq!(policy(&reading).ingress, None);
    assert_eq!(policy(&reading).egress, Some(Vec::new()));
}

#[test]
fn selectors_of_one_peer_are_both_required() {
    let reading = network(
        "spec:\n  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector: {}\n      podSelector: {matchLabels: {a: b}}\n    - podSelector: {}\n",
    );
    let peers = policy(&reading).ingress.as_ref().unwrap()[0]
        .peers
        .as_ref()
        .unwrap();
    let [
        NetworkPeer::Pods {
            namespaces: Some(all),
            pods,
            ..
        },
        NetworkPeer::Pods {
            namespaces: None, ..
        },
    ] = peers.as_slice()
    else {
        panic!("{peers:?}");
    };
    assert!(all.is_everything() && !pods.is_everything());
}

#[test]
fn what_cannot_be_read_matches_nothing_and_is_told() {
    let reading = network(
        "spec:\n  podSelector: {}\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/99}\n    - podSelector: {matchExpressions: [{key: a, operator: Near}]}\n    ports:\n    - {port: http, endPort: 90}\n    - {port: 90, endPort: 80}\n    - {port: 90, endPort: 99}\n    - {port: '80'}\n",
    );
    let rule = &policy(&reading).ingress.as_ref().unwrap()[0];
    let peers = rule.peers.as_ref().unwrap();
    assert!(
        peers
            .iter()
            .all(|peer| matches!(peer, NetworkPeer::Unknown { .. })),
        "{peers:?}"
    );
    let ports = rule.ports.as_ref().unwrap();
    assert!(
        matches!(ports.as_slice(), [NetworkPort::Range { .. }]),
        "{ports:?}"
    );
    assert_eq!(reading.diagnostics.len(), 5, "{:?}", messages(&reading));
    assert!(reading.diagnostics.iter().all(|it| it.origin.is_some()));
}

#[test]
fn policies_of_administrators_keep_tier_and_order() {
    let reading = reading(
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n\
         spec:\n  priority: 7\n  subject: {namespaces: {}}\n  ingress:\n  - {action: Pass, from: [{namespaces: {}}], ports: [{namedPort: web}]}\n  - {action: Refuse, from: [{namespaces: {}}]}\n",
    );
    let policy = policy(&reading);
    assert_eq!(policy.tier, NetworkTier::Admin { priority: 7 });
    assert_eq!(policy.ingress.as_ref().map(Vec::len), Some(1));
    assert_eq!(messages(&reading).len(), 1);
    assert_eq!(
        reading.model.controls[0].id.as_str(),
        "control:AdminNetworkPolicy/a"
    );
}

#[test]
fn pods_of_one_owner_are_one_workload() {
    let pod = |name: &str, tier: &str| {
        format!(
            "- metadata:\n    name: {name}\n    labels: {{app: a, tier: {tier}}}\n    ownerReferences: [{{kind: ReplicaSet, name: a-1, controller: true}}]\n  spec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    let text = format!(
        "apiVersion: v1\nkind: PodList\nitems:\n{}{}{}",
        pod("a-1-x", "one"),
        pod("a-1-y", "two"),
        pod("a-1-z", "one")
    );
    let reading = reading(&text);
    let workload = only(&reading);
    assert_eq!(workload.id.as_str(), "workload:default/a-1[ReplicaSet]");
    assert_eq!(workload.other_pod_labels.len(), 1);
}

#[test]
fn a_custom_resource_with_a_pod_template_is_a_workload() {
    let reading = reading(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\n\
         spec: {template: {spec: {containers: [{name: c, image: redis}]}}}\n\
         ---\napiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n",
    );
    let workload = only(&reading);
    assert_eq!(workload.id.as_str(), "workload:default/r[Rollout]");
    assert_eq!(workload.kind, WorkloadKind::Custom);
    assert_eq!(
        messages(&reading),
        ["kind `Widget` of `example.org` is not read"]
    );
}

#[test]
fn nameless_objects_are_told_and_left_out() {
    let reading = reading("apiVersion: v1\nkind: Service\nmetadata: {}\nspec: {}\n");
    assert!(reading.model.services.is_empty());
    assert_eq!(
        messages(&reading),
        ["this Service has no `metadata.name`, so it was left out"]
    );
}

#[test]
fn claims_without_a_class_are_of_the_default_one_and_a_backup_without_names_is_of_all() {
    let told = |default: &str, backup: &str| {
        let text = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: a, namespace: n}}\nspec: {{}}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: safe, annotations: {{storageclass.kubernetes.io/is-default-class: '{default}'}}}}\nparameters: {{encrypted: 'true'}}\n---\napiVersion: velero.io/v1\nkind: Schedule\nmetadata: {{name: s, namespace: velero}}\nspec: {{template: {{{backup}}}}}\n"
        );
        let dataset = &reading(&text).model.datasets[0];
        (dataset.encrypted.is_some(), dataset.backed_up.is_some())
    };
    assert_eq!(told("true", ""), (true, true));
    assert_eq!(told("false", "includedNamespaces: [n]"), (false, true));
    assert_eq!(told("true", "includedNamespaces: [m]"), (true, false));
    assert_eq!(told("true", "excludedNamespaces: [n]"), (true, false));
}

//! Every known way to more, each with a right that is nearly it and leads nowhere; and each within
//! one namespace, with and without somebody stronger there.

use palisade_analysis::privilege::{Privileges, Technique};

use crate::system::{account, read};

/// A right as API group, resources and verbs.
type Right = (&'static str, &'static str, &'static str);

const RBAC: &str = "rbac.authorization.k8s.io";
const CSR: &str = "certificates.k8s.io";
const NOTHING: Right = ("", "events", "list");

fn rule((group, resources, verbs): Right) -> String {
    format!("{{apiGroups: ['{group}'], resources: [{resources}], verbs: [{verbs}]}}")
}

fn granted(cluster: bool, rights: &[Right]) -> String {
    let rules: Vec<String> = rights.iter().map(|right| rule(*right)).collect();
    let (kind, place) = if cluster {
        ("Cluster", "")
    } else {
        ("", ", namespace: ops")
    };
    format!(
        "apiVersion: {RBAC}/v1
kind: {kind}Role
metadata: {{name: r{place}}}
rules: [{}]
---
apiVersion: {RBAC}/v1
kind: {kind}RoleBinding
metadata: {{name: b{place}}}
roleRef: {{apiGroup: {RBAC}, kind: {kind}Role, name: r}}
subjects: [{{kind: ServiceAccount, name: ci, namespace: ops}}]
",
        rules.join(", ")
    )
}

/// An administrator's account in a namespace, with a pod that runs as it and a token that is kept.
fn strong(namespace: &str) -> String {
    format!(
        "apiVersion: v1
kind: ServiceAccount
metadata: {{name: deployer, namespace: {namespace}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: deployer, namespace: {namespace}}}
spec: {{serviceAccountName: deployer, containers: [{{name: main, image: 'example.org/a:1.0.0'}}]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: deployer, namespace: {namespace}, annotations: {{kubernetes.io/service-account.name: deployer}}}}
type: kubernetes.io/service-account-token
---
apiVersion: {RBAC}/v1
kind: ClusterRoleBinding
metadata: {{name: deployer}}
roleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: cluster-admin}}
subjects: [{{kind: ServiceAccount, name: deployer, namespace: {namespace}}}]
"
    )
}

fn first_step(texts: &[String]) -> Option<Technique> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = Privileges::of(&read(&texts));
    let id = account("ops", "ci");
    let administrator = found.administrators().iter().find(|one| one.identity == id);
    administrator
        .and_then(|one| one.chain.first())
        .map(|step| step.how)
}

/// What leads up for the whole cluster: the technique, the rights, and rights that are nearly them.
const CLUSTER_WIDE: &[(Technique, &[Right], &[Right])] = &[
    (
        Technique::Escalate,
        &[(RBAC, "clusterroles", "escalate, update")],
        &[(RBAC, "clusterroles", "update, create")],
    ),
    (
        Technique::Bind,
        &[
            (RBAC, "clusterroles", "bind"),
            (RBAC, "clusterrolebindings", "create"),
        ],
        &[(RBAC, "clusterroles", "bind"), NOTHING],
    ),
    (
        Technique::Impersonate,
        &[("", "users", "impersonate")],
        &[("", "userextras", "impersonate")],
    ),
    (
        Technique::Impersonate,
        &[("", "groups", "impersonate")],
        &[("", "groups", "get")],
    ),
    (
        Technique::NodeProxy,
        &[("", "nodes/proxy", "get")],
        &[("", "nodes", "get"), ("", "nodes/proxy", "list")],
    ),
    (
        Technique::ApproveCertificate,
        &[
            (CSR, "certificatesigningrequests/approval", "update"),
            (CSR, "signers", "approve"),
        ],
        &[
            (CSR, "certificatesigningrequests/approval", "update"),
            NOTHING,
        ],
    ),
    (
        Technique::SignCertificate,
        &[
            (CSR, "certificatesigningrequests/status", "patch"),
            (CSR, "signers", "sign"),
        ],
        &[
            (CSR, "certificatesigningrequests/status", "patch"),
            (CSR, "signers", "approve"),
        ],
    ),
    (
        Technique::MutatingWebhook,
        &[(
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
            "create",
        )],
        &[(
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations",
            "create",
        )],
    ),
];

/// What leads to the accounts of a namespace.
const IN_A_NAMESPACE: &[(Technique, &[Right], &[Right])] = &[
    (
        Technique::Escalate,
        &[(RBAC, "roles", "escalate, patch")],
        &[(RBAC, "roles", "escalate")],
    ),
    (
        Technique::Bind,
        &[(RBAC, "'roles', 'rolebindings'", "bind, create")],
        &[(RBAC, "rolebindings", "create")],
    ),
    (
        Technique::Impersonate,
        &[("", "serviceaccounts", "impersonate")],
        &[("", "serviceaccounts", "get, list")],
    ),
    (
        Technique::RequestToken,
        &[("", "serviceaccounts/token", "create")],
        &[("", "serviceaccounts/token", "get")],
    ),
    (
        Technique::CreateWorkload,
        &[("", "pods", "create")],
        &[("", "pods", "delete")],
    ),
    (
        Technique::CreateWorkload,
        &[("apps", "deployments", "patch")],
        &[("apps", "deployments/scale", "patch")],
    ),
    (
        Technique::CreateWorkload,
        &[("apps", "daemonsets", "update")],
        &[("apps", "daemonsets", "get")],
    ),
    (
        Technique::CreateWorkload,
        &[("apps", "statefulsets", "create")],
        &[("", "statefulsets", "create")],
    ),
    (
        Technique::CreateWorkload,
        &[("apps", "replicasets", "create")],
        &[("apps", "replicasets", "watch")],
    ),
    (
        Technique::CreateWorkload,
        &[("batch", "cronjobs", "update")],
        &[("batch", "cronjobs", "list")],
    ),
    (
        Technique::CreateWorkload,
        &[("batch", "jobs", "create")],
        &[("batch", "jobs", "delete")],
    ),
    (
        Technique::CreateWorkload,
        &[("", "replicationcontrollers", "create")],
        &[("apps", "replicationcontrollers", "create")],
    ),
    (
        Technique::Exec,
        &[("", "pods/exec", "create")],
        &[("", "pods/log", "get")],
    ),
    (
        Technique::Exec,
        &[("", "pods/attach", "create")],
        &[("", "pods/portforward", "create")],
    ),
    (
        Technique::ReplaceImage,
        &[("", "pods", "patch")],
        &[("", "pods/status", "patch")],
    ),
    (
        Technique::EphemeralContainer,
        &[("", "pods/ephemeralcontainers", "patch")],
        &[("", "pods/ephemeralcontainers", "get")],
    ),
    (
        Technique::ReadSecrets,
        &[("", "secrets", "get")],
        &[("", "configmaps", "get")],
    ),
    (
        Technique::ReadSecrets,
        &[("", "secrets", "list")],
        &[("", "secrets", "delete")],
    ),
    (
        Technique::ReadSecrets,
        &[("", "secrets", "watch")],
        &[("", "secrets", "create")],
    ),
];

#[test]
fn a_way_for_the_whole_cluster_leads_up_and_its_neighbour_does_not() {
    for (technique, rights, nearly) in CLUSTER_WIDE {
        assert_eq!(
            first_step(&[granted(true, rights)]),
            Some(*technique),
            "{rights:?}"
        );
        assert_eq!(first_step(&[granted(true, nearly)]), None, "{nearly:?}");
    }
}

#[test]
fn a_way_for_the_whole_cluster_leads_nowhere_from_a_namespace() {
    for (_, rights, _) in CLUSTER_WIDE {
        let texts = [granted(false, rights), strong("bank")];
        assert_eq!(first_step(&texts), None, "{rights:?}");
    }
}

#[test]
fn a_way_within_a_namespace_leads_to_a_stronger_account_there_only() {
    for (technique, rights, nearly) in IN_A_NAMESPACE {
        let here = |rights: &[Right]| first_step(&[granted(false, rights), strong("ops")]);
        assert_eq!(here(rights), Some(*technique), "{rights:?}");
        assert_eq!(here(nearly), None, "{nearly:?}");
        let elsewhere = first_step(&[granted(false, rights), strong("bank")]);
        assert_eq!(elsewhere, None, "{rights:?} with the account elsewhere");
    }
}

#[test]
fn a_way_within_a_namespace_leads_everywhere_when_it_holds_everywhere() {
    for (technique, rights, nearly) in IN_A_NAMESPACE {
        let there = |rights: &[Right]| first_step(&[granted(true, rights), strong("bank")]);
        assert_eq!(there(rights), Some(*technique), "{rights:?}");
        assert_eq!(there(nearly), None, "{nearly:?}");
    }
}

#[test]
fn a_token_secret_is_made_and_read() {
    let (account, _) = strong("ops").split_once("kind: Secret").map_or_else(
        || panic!("the account has a kept token"),
        |(before, after)| (before.to_owned(), after.to_owned()),
    );
    // Without the token that is kept; the binding is what stands last.
    let binding = strong("ops")
        .rsplit_once("---")
        .map(|(_, last)| last.to_owned());
    let account = account
        .trim_end()
        .trim_end_matches("apiVersion: v1")
        .trim_end();
    let kept_nowhere = format!("{account}{}", binding.unwrap_or_default());
    let with = |verbs| {
        first_step(&[
            granted(false, &[("", "secrets", verbs)]),
            kept_nowhere.clone(),
        ])
    };
    assert_eq!(with("create, get"), Some(Technique::CreateTokenSecret));
    assert_eq!(with("create"), None);
    assert_eq!(with("get"), None);
}

#[test]
fn a_signer_of_other_certificates_leads_nowhere() {
    let grant = granted(
        true,
        &[
            (CSR, "certificatesigningrequests/approval", "update"),
            (CSR, "signers", "approve"),
        ],
    );
    let limited = |name: &str| {
        let named = format!("verbs: [approve], resourceNames: ['{name}']");
        first_step(&[grant.replace("verbs: [approve]", &named)])
    };
    assert_eq!(limited("example.org/serving"), None);
    assert_eq!(
        limited("kubernetes.io/kube-apiserver-client"),
        Some(Technique::ApproveCertificate)
    );
}

#[test]
fn a_named_secret_or_account_is_no_other_one() {
    let named = |right: Right, name: &str| {
        let verbs = format!("verbs: [{}]", right.2);
        let limited = format!("{verbs}, resourceNames: [{name}]");
        first_step(&[
            granted(false, &[right]).replace(&verbs, &limited),
            strong("ops"),
        ])
    };
    let impersonate = ("", "serviceaccounts", "impersonate");
    assert_eq!(named(impersonate, "deployer"), Some(Technique::Impersonate));
    assert_eq!(named(impersonate, "other"), None);
    let token = ("", "serviceaccounts/token", "create");
    assert_eq!(named(token, "other"), None);
}

#[test]
fn a_role_that_kubernetes_defines_has_what_labelled_roles_add() {
    let more = format!(
        "apiVersion: {RBAC}/v1
kind: ClusterRole
metadata: {{name: more, labels: {{rbac.authorization.k8s.io/aggregate-to-view: 'true'}}}}
rules: [{{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}}]
---
apiVersion: {RBAC}/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: view}}
subjects: [{{kind: ServiceAccount, name: ci, namespace: ops}}]
"
    );
    assert_eq!(
        first_step(std::slice::from_ref(&more)),
        Some(Technique::NodeProxy)
    );
    let without = more.replace("aggregate-to-view", "aggregate-to-nothing");
    assert_eq!(first_step(&[without]), None);
}

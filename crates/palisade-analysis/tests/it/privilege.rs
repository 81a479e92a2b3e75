//! Who may do what, and who can become administrator.

use palisade_analysis::privilege::{Privileges, Technique};

use crate::system::{account, app, read};

fn role(kind: &str, metadata: &str, rule: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {metadata}\nrules: [{rule}]\n"
    )
}

fn binding(metadata: &str, role: &str, subject: &str) -> String {
    let kind = if metadata.contains("namespace") {
        "RoleBinding"
    } else {
        "ClusterRoleBinding"
    };
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {metadata}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, {role}}}\nsubjects: [{subject}]\n"
    )
}

const CI: &str = "{kind: ServiceAccount, name: ci, namespace: ops}";

fn privileges(texts: &[String]) -> Privileges {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Privileges::of(&read(&texts))
}

fn chain(found: &Privileges, namespace: &str, name: &str) -> Option<Vec<Technique>> {
    let id = account(namespace, name);
    let administrator = found
        .administrators()
        .iter()
        .find(|one| one.identity == id)?;
    Some(administrator.chain.iter().map(|step| step.how).collect())
}

/// What a cluster-wide rule lets `ops/ci` become.
fn cluster(rule: &str) -> Option<Vec<Technique>> {
    let found = privileges(&[
        role("ClusterRole", "{name: r}", rule),
        binding("{name: b}", "kind: ClusterRole, name: r", CI),
    ]);
    chain(&found, "ops", "ci")
}

#[test]
fn cluster_admin_is_administrator_directly() {
    let found = privileges(&[binding(
        "{name: b}",
        "kind: ClusterRole, name: cluster-admin",
        CI,
    )]);
    assert_eq!(
        chain(&found, "ops", "ci"),
        Some(vec![Technique::Administrator])
    );
    assert!(found.administrators()[0].is_direct());
    // Every path that is no resource is part of it, and no permission of its own.
    assert_eq!(found.standing_count(), 1);
    assert_eq!(found.administrative_count(), 1);
}

#[test]
fn cluster_wide_rights_that_lead_to_administrator() {
    let rbac = "apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles]";
    assert_eq!(
        cluster(&format!("{{{rbac}, verbs: [escalate, update]}}")),
        Some(vec![Technique::Escalate])
    );
    assert_eq!(cluster(&format!("{{{rbac}, verbs: [update]}}")), None);
    for (rule, technique) in [
        (
            "{apiGroups: [''], resources: [pods], verbs: [create]}",
            Technique::CreateWorkload,
        ),
        (
            "{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}",
            Technique::NodeProxy,
        ),
        (
            "{apiGroups: [''], resources: [users], verbs: [impersonate]}",
            Technique::Impersonate,
        ),
        (
            "{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}",
            Technique::RequestToken,
        ),
        (
            "{apiGroups: [''], resources: [pods/exec], verbs: [create]}",
            Technique::Exec,
        ),
        (
            "{apiGroups: [admissionregistration.k8s.io], resources: ['*'], verbs: [patch]}",
            Technique::MutatingWebhook,
        ),
    ] {
        assert_eq!(cluster(rule), Some(vec![technique]), "{rule}");
    }
    assert_eq!(
        cluster("{apiGroups: [''], resources: [pods], verbs: [get, list]}"),
        None
    );
}

#[test]
fn a_namespace_right_leads_up_only_through_a_stronger_account() {
    let pods = "{apiGroups: [''], resources: [pods], verbs: [create]}";
    let weak = [
        role("Role", "{name: r, namespace: ops}", pods),
        binding("{name: b, namespace: ops}", "kind: Role, name: r", CI),
    ];
    assert_eq!(chain(&privileges(&weak), "ops", "ci"), None);
    let strong = binding(
        "{name: s}",
        "kind: ClusterRole, name: cluster-admin",
        "{kind: ServiceAccount, name: deployer, namespace: ops}",
    );
    let found = privileges(&[weak[0].clone(), weak[1].clone(), strong.clone()]);
    assert_eq!(
        chain(&found, "ops", "ci"),
        Some(vec![Technique::CreateWorkload, Technique::Administrator])
    );
    let elsewhere = strong.replace("namespace: ops", "namespace: bank");
    assert_eq!(
        chain(
            &privileges(&[weak[0].clone(), weak[1].clone(), elsewhere]),
            "ops",
            "ci"
        ),
        None
    );
}

#[test]
fn a_bind_right_in_a_namespace_stays_in_that_namespace() {
    let found = privileges(&[
        role(
            "ClusterRole",
            "{name: r}",
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}",
        ),
        binding("{name: b}", "kind: ClusterRole, name: r", CI),
        role(
            "Role",
            "{name: w, namespace: ops}",
            "{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create]}",
        ),
        binding("{name: w, namespace: ops}", "kind: Role, name: w", CI),
    ]);
    assert_eq!(chain(&found, "ops", "ci"), None);
}

#[test]
fn a_group_of_service_accounts_holds_for_each_of_them() {
    let found = privileges(&[
        app("shop", "cart", "http"),
        binding(
            "{name: b}",
            "kind: ClusterRole, name: cluster-admin",
            "{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccounts:shop'}",
        ),
    ]);
    assert_eq!(
        chain(&found, "shop", "cart"),
        Some(vec![Technique::Administrator])
    );
    assert_eq!(found.of_identity(&account("shop", "cart")).len(), 1);
    assert!(found.of_identity(&account("bank", "cart")).is_empty());
    assert_eq!(found.workloads_of(&account("shop", "cart")).len(), 1);
}

#[test]
fn an_aggregated_role_has_the_rules_of_those_it_selects() {
    let parent = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {to: all}}]}\nrules: []\n";
    let found = privileges(&[
        parent.to_owned(),
        role(
            "ClusterRole",
            "{name: part, labels: {to: all}}",
            "{apiGroups: [''], resources: [secrets], verbs: [get]}",
        ),
        binding("{name: b}", "kind: ClusterRole, name: all", CI),
    ]);
    let verbs: Vec<&str> = found
        .grants()
        .iter()
        .map(|grant| grant.verb.as_str())
        .collect();
    assert_eq!(verbs, ["get"]);
}

#[test]
fn a_grant_with_an_end_is_not_standing() {
    let metadata = "{name: b, annotations: {palisade.dev/expires: '2027-01-01'}}";
    let found = privileges(&[binding(
        metadata,
        "kind: ClusterRole, name: cluster-admin",
        CI,
    )]);
    assert_eq!(found.grants().len(), 1);
    assert_eq!(found.standing_count(), 0);
}

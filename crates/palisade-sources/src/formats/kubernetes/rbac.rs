//! Roles, bindings and service accounts.

use palisade_document::Value;
use palisade_model::{
    Binding, Identity, NodeId, NodeKind, PolicyRule, Role, RoleRef, Subject, SubjectKind,
};

use crate::facts::Facts;
use crate::object::Object;

/// The annotation that says when a grant ends.
const EXPIRES: &str = "palisade.dev/expires";

/// Reads a Role.
pub(super) fn role(object: &Object<'_>, facts: &mut Facts) {
    push_role(object, Some(object.namespace()), facts);
}

/// Reads a ClusterRole.
pub(super) fn cluster_role(object: &Object<'_>, facts: &mut Facts) {
    push_role(object, None, facts);
}

fn push_role(object: &Object<'_>, namespace: Option<&str>, facts: &mut Facts) {
    let rules = object
        .items(&["rules"])
        .into_iter()
        .map(|item| rule(object, item))
        .collect();
    let aggregates = object
        .items(&["aggregationRule", "clusterRoleSelectors"])
        .into_iter()
        .filter_map(|selector| object.selector(selector, facts))
        .collect();
    facts.model.roles.push(Role {
        id: scoped_id(NodeKind::Role, namespace, &object.name),
        name: object.name.clone(),
        namespace: namespace.map(str::to_owned),
        rules,
        aggregates,
        labels: object.own_labels(),
        built_in: false,
        origin: object.whole(),
        content: object.content(),
    });
}

fn rule<'d>(object: &Object<'d>, item: Value<'d>) -> PolicyRule {
    let texts = |key: &str| -> Vec<String> {
        object
            .texts_in(item, &[key])
            .into_iter()
            .map(|fact| fact.value)
            .collect()
    };
    PolicyRule {
        api_groups: texts("apiGroups"),
        resources: texts("resources"),
        verbs: texts("verbs"),
        resource_names: texts("resourceNames"),
        non_resource_urls: texts("nonResourceURLs"),
        origin: object.origin_of(item),
    }
}

/// The id of a node that is either in a namespace or of the whole cluster.
pub(crate) fn scoped_id(kind: NodeKind, namespace: Option<&str>, name: &str) -> NodeId {
    match namespace {
        Some(namespace) => NodeId::new(kind, &format!("{namespace}/{name}")),
        None => NodeId::new(kind, name),
    }
}

/// Reads a RoleBinding.
pub(super) fn binding(object: &Object<'_>, facts: &mut Facts) {
    push_binding(object, Some(object.namespace()), facts);
}

/// Reads a ClusterRoleBinding.
pub(super) fn cluster_binding(object: &Object<'_>, facts: &mut Facts) {
    push_binding(object, None, facts);
}

fn push_binding(object: &Object<'_>, namespace: Option<&str>, facts: &mut Facts) {
    let Some(name) = object.text(&["roleRef", "name"]) else {
        let message = format!(
            "this {} names no role in `roleRef`, so it was left out",
            object.kind
        );
        return facts.warn(object.whole(), message);
    };
    let kind = object.text(&["roleRef", "kind"]).map(|fact| fact.value);
    let role_origin = object
        .at(&["roleRef"])
        .map_or_else(|| name.origin.clone(), |it| object.origin_of(it));
    let subjects = object
        .items(&["subjects"])
        .into_iter()
        .filter_map(|item| subject(object, item, namespace, facts))
        .collect();
    facts.model.bindings.push(Binding {
        id: scoped_id(NodeKind::Binding, namespace, &object.name),
        name: object.name.clone(),
        namespace: namespace.map(str::to_owned),
        role: RoleRef {
            cluster: kind.as_deref() != Some("Role"),
            name: name.value,
        },
        subjects,
        expires: object
            .text(&["metadata", "annotations", EXPIRES])
            .map(|fact| fact.value),
        role_origin,
        origin: object.whole(),
        content: object.content(),
    });
}

fn subject<'d>(
    object: &Object<'d>,
    item: Value<'d>,
    namespace: Option<&str>,
    facts: &mut Facts,
) -> Option<Subject> {
    let origin = object.origin_of(item);
    let text = |key: &str| object.text_in(item, &[key]).map(|fact| fact.value);
    let Some(name) = text("name") else {
        facts.warn(origin, "this subject has no name, so it was left out");
        return None;
    };
    let written = text("kind").unwrap_or_default();
    let kind = match written.as_str() {
        "ServiceAccount" => SubjectKind::ServiceAccount,
        "User" => SubjectKind::User,
        "Group" => SubjectKind::Group,
        _ => {
            let message = format!(
                "`{written}` is no kind of subject: expected ServiceAccount, User or Group"
            );
            facts.warn(origin, message);
            return None;
        }
    };
    // The API server knows service accounts as users under this name, too.
    let account = name
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    if let (SubjectKind::User, Some((namespace, account))) = (kind, account) {
        return Some(Subject {
            kind: SubjectKind::ServiceAccount,
            name: account.to_owned(),
            namespace: Some(namespace.to_owned()),
            origin,
        });
    }
    let own = text("namespace");
    if kind == SubjectKind::ServiceAccount && own.is_none() {
        let taken = namespace.unwrap_or("default");
        let message =
            format!("service account `{name}` is named without its namespace; `{taken}` is taken");
        facts.warn(origin.clone(), message);
    }
    Some(Subject {
        kind,
        name,
        namespace: match kind {
            SubjectKind::ServiceAccount => {
                Some(own.unwrap_or_else(|| namespace.unwrap_or("default").to_owned()))
            }
            SubjectKind::User | SubjectKind::Group => None,
        },
        origin,
    })
}

/// Reads a ServiceAccount.
pub(super) fn service_account(object: &Object<'_>, facts: &mut Facts) {
    facts.model.identities.push(Identity {
        id: NodeId::new(NodeKind::Identity, &object.full_name()),
        name: object.name.clone(),
        namespace: Some(object.namespace().to_owned()),
        automount_token: object.flag(&["automountServiceAccountToken"]),
        pull_secrets: object.names_in(object.value, &["imagePullSecrets"]),
        annotations: object.own_annotations(),
        origin: object.whole(),
        declared: true,
    });
}

//! `AuthorizationPolicy`.

use palisade_document::Value;
use palisade_model::{
    AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Condition, ControlKind,
    MeshOperation, MeshSource,
};

use super::{plain_texts, scope, unknown_word};
use crate::facts::Facts;
use crate::object::Object;

/// Reads an `AuthorizationPolicy`; one whose action is not known is left out, since it could mean
/// the opposite.
pub(in crate::formats::kubernetes) fn authorization_policy(object: &Object<'_>, facts: &mut Facts) {
    let Some(action) = action(object, facts) else {
        return;
    };
    let Some(scope) = scope(object, facts) else {
        return;
    };
    let rules = object
        .items(&["spec", "rules"])
        .into_iter()
        .map(|value| rule(object, value))
        .collect();
    let policy = AuthorizationPolicy {
        scope,
        action,
        provider: object
            .text(&["spec", "provider", "name"])
            .map(|fact| fact.value),
        rules,
    };
    let control = object.control(ControlKind::Authorization(policy));
    facts.model.controls.push(control);
}

fn action(object: &Object<'_>, facts: &mut Facts) -> Option<AuthorizationAction> {
    let Some(value) = object.at(&["spec", "action"]) else {
        return Some(AuthorizationAction::Allow);
    };
    match value.to_text().as_deref() {
        Some("ALLOW") => Some(AuthorizationAction::Allow),
        Some("DENY") => Some(AuthorizationAction::Deny),
        Some("AUDIT") => Some(AuthorizationAction::Audit),
        Some("CUSTOM") => Some(AuthorizationAction::Custom),
        _ => {
            unknown_word(object, value, "ALLOW, DENY, AUDIT or CUSTOM", facts);
            None
        }
    }
}

fn rule<'d>(object: &Object<'d>, value: Value<'d>) -> AuthorizationRule {
    let parts = |list: &str, key: &str| -> Vec<Value<'d>> {
        value
            .get(list)
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|item| item.get(key))
            .collect()
    };
    let conditions = value.get("when").into_iter().flat_map(Value::items);
    AuthorizationRule {
        from: parts("from", "source")
            .into_iter()
            .map(|part| source(object, part))
            .collect(),
        to: parts("to", "operation")
            .into_iter()
            .map(|part| operation(object, part))
            .collect(),
        when: conditions
            .map(|part| Condition {
                key: part.get("key").and_then(Value::to_text).unwrap_or_default(),
                values: plain_texts(object, part, &["values"]),
                not_values: plain_texts(object, part, &["notValues"]),
            })
            .collect(),
        origin: object.origin_of(value),
    }
}

fn source<'d>(object: &Object<'d>, part: Value<'d>) -> MeshSource {
    let texts = |key: &str| plain_texts(object, part, &[key]);
    MeshSource {
        principals: texts("principals"),
        not_principals: texts("notPrincipals"),
        request_principals: texts("requestPrincipals"),
        not_request_principals: texts("notRequestPrincipals"),
        namespaces: texts("namespaces"),
        not_namespaces: texts("notNamespaces"),
        service_accounts: texts("serviceAccounts"),
        not_service_accounts: texts("notServiceAccounts"),
        ip_blocks: texts("ipBlocks"),
        not_ip_blocks: texts("notIpBlocks"),
        remote_ip_blocks: texts("remoteIpBlocks"),
        not_remote_ip_blocks: texts("notRemoteIpBlocks"),
    }
}

fn operation<'d>(object: &Object<'d>, part: Value<'d>) -> MeshOperation {
    let texts = |key: &str| plain_texts(object, part, &[key]);
    MeshOperation {
        hosts: texts("hosts"),
        not_hosts: texts("notHosts"),
        ports: texts("ports"),
        not_ports: texts("notPorts"),
        methods: texts("methods"),
        not_methods: texts("notMethods"),
        paths: texts("paths"),
        not_paths: texts("notPaths"),
    }
}

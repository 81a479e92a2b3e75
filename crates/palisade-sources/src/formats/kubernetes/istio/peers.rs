//! How callers prove who they are: `PeerAuthentication` and `RequestAuthentication`.

use palisade_document::Value;
use palisade_model::{
    ControlKind, Fact, JwtRule, MtlsMode, PeerAuthentication, Port, RequestAuthentication,
};

use super::{plain_texts, scope, unknown_word};
use crate::facts::Facts;
use crate::object::Object;

/// Reads a `PeerAuthentication`.
pub(in crate::formats::kubernetes) fn peer_authentication(object: &Object<'_>, facts: &mut Facts) {
    let Some(scope) = scope(object, facts) else {
        return;
    };
    let mode_at = object.at(&["spec", "mtls", "mode"]);
    let mode = mode_at.and_then(|value| mode(object, value, facts));
    let mut ports = Vec::new();
    let levels = object.at(&["spec", "portLevelMtls"]);
    for entry in levels.into_iter().flat_map(Value::entries) {
        let Some(port) = entry.key.parse().ok().and_then(Port::new) else {
            let message = format!("`{}` is no port number", entry.key);
            facts.warn(object.origin(entry.key_span), message);
            continue;
        };
        let level = entry.value.get("mode");
        ports.extend(
            level
                .and_then(|value| self::mode(object, value, facts))
                .map(|mode| (port, mode)),
        );
    }
    let peers = PeerAuthentication { scope, mode, ports };
    let control = object.control(ControlKind::PeerAuthentication(peers));
    facts.model.controls.push(control);
}

fn mode(object: &Object<'_>, value: Value<'_>, facts: &mut Facts) -> Option<Fact<MtlsMode>> {
    let mode = match value.to_text().as_deref() {
        Some("UNSET") => MtlsMode::Unset,
        Some("DISABLE") => MtlsMode::Disable,
        Some("PERMISSIVE") => MtlsMode::Permissive,
        Some("STRICT") => MtlsMode::Strict,
        _ => {
            unknown_word(object, value, "UNSET, DISABLE, PERMISSIVE or STRICT", facts);
            return None;
        }
    };
    Some(Fact::new(mode, object.origin_of(value)))
}

/// Reads a `RequestAuthentication`.
pub(in crate::formats::kubernetes) fn request_authentication(
    object: &Object<'_>,
    facts: &mut Facts,
) {
    let Some(scope) = scope(object, facts) else {
        return;
    };
    let rules = object
        .items(&["spec", "jwtRules"])
        .into_iter()
        .map(|rule| JwtRule {
            issuer: object.text_in(rule, &["issuer"]),
            audiences: plain_texts(object, rule, &["audiences"]),
            forward_original_token: object
                .flag_in(rule, &["forwardOriginalToken"])
                .is_some_and(|fact| fact.value),
            origin: object.origin_of(rule),
        })
        .collect();
    let tokens = RequestAuthentication { scope, rules };
    let control = object.control(ControlKind::RequestAuthentication(tokens));
    facts.model.controls.push(control);
}

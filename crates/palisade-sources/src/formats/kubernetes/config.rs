//! Secrets and config maps. Values of secrets are looked at and forgotten.

use palisade_document::Value;
use palisade_model::{
    ConfigObject, ControlKind, Fact, NodeId, NodeKind, Secret, SecretForm, SecretKind,
};

use crate::credentials::{self, is_placeholder};
use crate::facts::{ConfigValue, Facts};
use crate::formats::falco;
use crate::object::Object;

/// The annotation that names the account of a token.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Reads a Secret.
pub(super) fn secret(object: &Object<'_>, facts: &mut Facts) {
    let type_name = object.text(&["type"]).map(|fact| fact.value);
    let mut keys = Vec::new();
    let mut told = None;
    let mut literal = false;
    for field in ["data", "stringData"] {
        let Some(entries) = object.at(&[field]) else {
            continue;
        };
        for entry in entries.entries() {
            let written = entry.value.to_text().unwrap_or_default();
            let clear = if field == "data" {
                decode(&written)
            } else {
                Some(written)
            };
            literal |= clear.as_ref().is_none_or(|clear| !is_placeholder(clear));
            told = told.or_else(|| credentials::secret(entry.key, clear.as_deref()?));
            keys.push(Fact::new(
                entry.key.to_owned(),
                object.origin(entry.key_span),
            ));
        }
    }
    // Files encrypted by sops keep the object's form and add this key.
    let form = match (object.at(&["sops"]).is_some(), literal) {
        (true, _) => SecretForm::Managed,
        (false, true) => SecretForm::Literal,
        (false, false) => SecretForm::Reference,
    };
    let mut secret = node(object, form);
    secret.kind = kind_of(type_name.as_deref())
        .or(told)
        .unwrap_or(SecretKind::Opaque);
    secret.type_name = type_name;
    secret.keys = keys;
    secret.service_account = object.own_annotations().get(ACCOUNT).cloned();
    facts.model.secrets.push(secret);
}

fn kind_of(type_name: Option<&str>) -> Option<SecretKind> {
    match type_name? {
        "kubernetes.io/service-account-token" => Some(SecretKind::ServiceAccountToken),
        "kubernetes.io/tls" => Some(SecretKind::TlsKeyPair),
        "kubernetes.io/dockerconfigjson" | "kubernetes.io/dockercfg" => {
            Some(SecretKind::RegistryCredential)
        }
        "kubernetes.io/basic-auth" => Some(SecretKind::Password),
        "kubernetes.io/ssh-auth" => Some(SecretKind::PrivateKey),
        "bootstrap.kubernetes.io/token" => Some(SecretKind::Token),
        _ => None,
    }
}

fn node(object: &Object<'_>, form: SecretForm) -> Secret {
    Secret {
        id: NodeId::new(NodeKind::Secret, &object.full_name()),
        name: object.name.clone(),
        namespace: Some(object.namespace().to_owned()),
        kind: SecretKind::Opaque,
        form,
        type_name: None,
        keys: Vec::new(),
        service_account: None,
        origin: object.whole(),
        content: object.content(),
    }
}

/// Reads a SealedSecret or ExternalSecret: the value is sealed, or stands in a vault.
pub(super) fn managed_secret(object: &Object<'_>, facts: &mut Facts) {
    let mut secret = node(object, SecretForm::Managed);
    if let Some(name) = object.text(&["spec", "target", "name"]) {
        let full_name = format!("{}/{}", object.namespace(), name.value);
        secret.id = NodeId::new(NodeKind::Secret, &full_name);
        secret.name = name.value;
    }
    let sealed = object.at(&["spec", "encryptedData"]);
    secret.keys = sealed.map_or_else(Vec::new, |sealed| {
        sealed
            .entries()
            .map(|entry| Fact::new(entry.key.to_owned(), object.origin(entry.key_span)))
            .collect()
    });
    facts.model.secrets.push(secret);
}

/// Reads a ConfigMap.
pub(super) fn config_map(object: &Object<'_>, facts: &mut Facts) {
    let mut secrets = Vec::new();
    let mut rules = Vec::new();
    let entries = object.at(&["data"]).map(Value::entries);
    for entry in entries.into_iter().flatten() {
        let Some(text) = entry.value.to_text() else {
            continue;
        };
        let origin = object.origin(entry.key_span.to(entry.value.span()));
        rules.append(&mut falco::rules_in(&text, &facts.limits));
        if let Some(kind) = inside(entry.key, &text) {
            secrets.push((Fact::new(entry.key.to_owned(), origin.clone()), kind));
            facts.model.secrets.push(Secret {
                id: literal_id(&origin, entry.key),
                name: entry.key.to_owned(),
                kind,
                namespace: None,
                origin: origin.clone(),
                ..node(object, SecretForm::Literal)
            });
        }
        facts.config_values.push(ConfigValue {
            namespace: object.namespace().to_owned(),
            name: object.name.clone(),
            key: entry.key.to_owned(),
            value: Fact::new(text, origin),
        });
    }
    if !rules.is_empty() {
        let responds = false;
        let kind = ControlKind::Detection { rules, responds };
        facts.model.controls.push(object.control(kind));
    }
    facts.model.config.push(ConfigObject {
        name: object.name.clone(),
        namespace: object.namespace().to_owned(),
        secrets,
        origin: object.whole(),
        content: object.content(),
    });
}

/// The id of a secret that stands as a literal outside a Secret object.
pub(crate) fn literal_id(origin: &palisade_model::Origin, name: &str) -> NodeId {
    let full_name = format!("{}:{}/{name}", origin.file, origin.start.line);
    NodeId::new(NodeKind::Secret, &full_name)
}

/// The kind of secret that a value is, or that a line `name=value` or `name: value` of it is.
fn inside(key: &str, text: &str) -> Option<SecretKind> {
    if !text.contains('\n') {
        return credentials::secret(key, text);
    }
    credentials::shape(text).or_else(|| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(['=', ':'])?;
            let value = value.trim().trim_matches(['"', '\'', ',']);
            let name = name.trim().trim_matches(['"', '\'', '-']);
            let is_name = !name.is_empty() && !name.contains([' ', '#', '/', '(']);
            (is_name && !value.contains(' ')).then(|| credentials::secret(name, value))?
        })
    })
}

/// Decodes base64 into text; `None` when it is no text.
fn decode(written: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in written.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap_or_default());
        }
    }
    String::from_utf8(bytes).ok()
}

//! Turns what a caller holds into the messages of the standard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value};
use tonic::Status;

use super::proto::{
    JwtBundlesResponse, Jwtsvid, JwtsvidResponse, ValidateJwtsvidResponse, X509BundlesResponse,
    X509svid, X509svidResponse,
};
use crate::spiffe::{Bundle, Bundles, JwtIdentity, JwtSvid, KeyUse, X509Svid};
use crate::{Holdings, Refusal};

/// The longest hint, in bytes (Workload API, section 5.2.1).
const LONGEST_HINT: usize = 1024;

/// The standard's status code of a refusal (Workload Endpoint, appendix A).
pub(crate) fn status(refusal: &Refusal) -> Status {
    match refusal {
        Refusal::NoIdentity => Status::permission_denied(refusal.to_string()),
        Refusal::Request(_) => Status::invalid_argument(refusal.to_string()),
        Refusal::Unavailable(_) => Status::unavailable(refusal.to_string()),
    }
}

/// All X.509 documents with their keys and bundles.
pub(crate) fn x509_svids(holdings: &Holdings) -> Result<X509svidResponse, Status> {
    let own = own(holdings)?;
    let bundle = joined(own);
    let mut hints = Hints::default();
    Ok(X509svidResponse {
        svids: holdings
            .svids
            .iter()
            .map(|svid| x509_svid(svid, &bundle, &mut hints))
            .collect(),
        crl: Vec::new(),
        federated_bundles: federated(holdings, joined),
    })
}

fn x509_svid(svid: &X509Svid, bundle: &[u8], hints: &mut Hints) -> X509svid {
    X509svid {
        spiffe_id: svid.id.to_string(),
        x509_svid: svid.chain.concat(),
        x509_svid_key: svid.key.to_vec(),
        bundle: bundle.to_vec(),
        hint: hints.unique(&svid.hint),
    }
}

/// The X.509 bundles of the own trust domain and of those that the caller federates with.
pub(crate) fn x509_bundles(holdings: &Holdings) -> Result<X509BundlesResponse, Status> {
    let own = own(holdings)?;
    let mut bundles = federated(holdings, joined);
    bundles.insert(own.trust_domain.id().to_string(), joined(own));
    Ok(X509BundlesResponse {
        crl: Vec::new(),
        bundles,
    })
}

/// The JWT bundles of the own trust domain and of those that the caller federates with.
pub(crate) fn jwt_bundles(holdings: &Holdings) -> Result<JwtBundlesResponse, Status> {
    let own = own(holdings)?;
    let mut bundles = federated(holdings, key_set);
    bundles.insert(own.trust_domain.id().to_string(), key_set(own));
    Ok(JwtBundlesResponse { bundles })
}

/// The bundles that a caller verifies tokens with: its own and those it federates with.
pub(crate) fn trusted(holdings: &Holdings) -> Result<Bundles, Status> {
    own(holdings)?;
    let mut bundles = holdings.federated.clone();
    if let Some(own) = &holdings.own {
        bundles.insert(own.trust_domain.clone(), Arc::clone(own));
    }
    Ok(bundles)
}

/// Tokens.
pub(crate) fn jwt_svids(tokens: &[JwtSvid]) -> JwtsvidResponse {
    let mut hints = Hints::default();
    let svids = tokens
        .iter()
        .map(|token| Jwtsvid {
            spiffe_id: token.id.to_string(),
            svid: token.token.to_string(),
            hint: hints.unique(&token.hint),
        })
        .collect();
    JwtsvidResponse { svids }
}

fn own(holdings: &Holdings) -> Result<&Bundle, Status> {
    if holdings.svids.is_empty() {
        return Err(status(&Refusal::NoIdentity));
    }
    holdings
        .own
        .as_deref()
        .ok_or_else(|| Status::unavailable("the trust domain has no bundle yet: try again"))
}

fn federated(holdings: &Holdings, form: fn(&Bundle) -> Vec<u8>) -> ById {
    holdings
        .federated
        .iter()
        .map(|(trust_domain, bundle)| (trust_domain.id().to_string(), form(bundle)))
        .collect()
}

/// Bundles by the id of their trust domain.
type ById = BTreeMap<String, Vec<u8>>;

fn joined(bundle: &Bundle) -> Vec<u8> {
    bundle.x509_authorities.concat()
}

/// The JWT authorities as a JWK Set; no key of another use is in it (section 6.2.2).
fn key_set(bundle: &Bundle) -> Vec<u8> {
    bundle.to_jwt_jwks(KeyUse::Spiffe).to_string().into_bytes()
}

/// What a valid token says.
pub(crate) fn validated(identity: JwtIdentity) -> ValidateJwtsvidResponse {
    ValidateJwtsvidResponse {
        spiffe_id: identity.id.to_string(),
        claims: Some(structure(identity.claims)),
    }
}

fn structure(fields: Map<String, Value>) -> Struct {
    Struct {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name, wire(value)))
            .collect(),
    }
}

fn wire(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(wire).collect(),
        }),
        Value::Object(fields) => Kind::StructValue(structure(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}

/// Hints that were given out in one message: each at most once.
#[derive(Default)]
struct Hints(BTreeSet<String>);

impl Hints {
    fn unique(&mut self, hint: &str) -> String {
        let fits = !hint.is_empty() && hint.len() <= LONGEST_HINT;
        if fits && self.0.insert(hint.to_owned()) {
            return hint.to_owned();
        }
        String::new()
    }
}

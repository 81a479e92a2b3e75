//! Turns what a caller holds into the messages of the standard.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};
use tonic::Status;

use super::proto::workload::{
    JwtBundlesResponse, Jwtsvid, JwtsvidResponse, X509BundlesResponse, X509svid, X509svidResponse,
};
use crate::spiffe::{Bundle, JwtSvid, X509Svid};
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

fn federated(holdings: &Holdings, form: fn(&Bundle) -> Vec<u8>) -> HashedBundles {
    holdings
        .federated
        .iter()
        .map(|(trust_domain, bundle)| (trust_domain.id().to_string(), form(bundle)))
        .collect()
}

#[expect(clippy::disallowed_types, reason = "the generated messages hold it")]
type HashedBundles = HashMap<String, Vec<u8>>;

fn joined(bundle: &Bundle) -> Vec<u8> {
    bundle.x509_authorities.concat()
}

/// The JWT authorities as a JWK Set; no key of another use is in it (section 6.2.2).
fn key_set(bundle: &Bundle) -> Vec<u8> {
    let keys = bundle.jwt_authorities.iter().map(|authority| {
        let mut key = authority.jwk.clone();
        key.insert("kid".to_owned(), authority.key_id.clone().into());
        key.insert("use".to_owned(), "jwt-svid".into());
        Value::Object(key)
    });
    let mut document = Map::new();
    document.insert("keys".to_owned(), keys.collect());
    Value::Object(document).to_string().into_bytes()
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

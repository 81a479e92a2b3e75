//! What a trust domain publishes so that others can verify its documents.
//!
//! Source: Trust Domain and Bundle standard, sections 4 and 5; X509-SVID and JWT-SVID, section 6.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::jwk::VerifyingKey;
use super::{TrustDomain, json, x509};

/// The largest text of a bundle or a map of bundles that is read, in bytes.
pub const LARGEST_BUNDLE: usize = 4 * 1024 * 1024;
/// The most keys of one bundle.
const MOST_KEYS: usize = 1024;
/// The longest id of a key, in bytes.
const LONGEST_KEY_ID: usize = 512;

/// A key that verifies JWT-SVIDs, as it stands in a JWKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtAuthority {
    /// The key id, `kid` in tokens and in the JWKS.
    pub key_id: String,
    /// The public key as a JWK object without `kid` and `use`.
    pub jwk: Map<String, Value>,
}

/// The bundle of one trust domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Whose bundle it is.
    pub trust_domain: TrustDomain,
    /// X.509 authorities, each one certificate in DER.
    pub x509_authorities: Vec<Arc<[u8]>>,
    /// JWT authorities.
    pub jwt_authorities: Vec<JwtAuthority>,
    /// Grows with every change.
    pub sequence: Option<u64>,
    /// How soon to look again.
    pub refresh_hint: Option<Duration>,
}

/// The own bundle and the federated ones.
pub type Bundles = BTreeMap<TrustDomain, Arc<Bundle>>;

/// Why a text is not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Too large.
    #[error("a bundle has at most 4 MiB, this one has {0} bytes")]
    Size(usize),
    /// Too many keys.
    #[error("a bundle has at most {MOST_KEYS} keys, this one has {0}")]
    Count(usize),
    /// Not JSON, or a name stands twice.
    #[error("the bundle does not read as JSON: {0}")]
    Json(String),
    /// `keys` is missing.
    #[error("a bundle has a list `keys`")]
    NoKeys,
    /// A member is not what it should be.
    #[error("`{0}` of a bundle is a whole number that is not negative")]
    Number(&'static str),
    /// Not a map of bundles.
    #[error("a map of bundles has an object `trust_domains` with a bundle under every name")]
    Map,
    /// A name in a map of bundles is not a trust domain.
    #[error("`{name}` in a map of bundles is not a trust domain: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        reason: super::IdError,
    },
}

/// A bundle that was read, with what of it is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBundle {
    /// What is used.
    pub bundle: Bundle,
    /// The place in `keys` of every element that is left out, and why.
    pub skipped: Vec<(usize, &'static str)>,
}

impl Bundle {
    /// An empty bundle: nothing of this trust domain is valid.
    pub fn empty(trust_domain: TrustDomain) -> Self {
        Self {
            trust_domain,
            x509_authorities: Vec::new(),
            jwt_authorities: Vec::new(),
            sequence: None,
            refresh_hint: None,
        }
    }

    /// Reads a bundle. Elements of an unknown kind, and those that break the rules of their kind,
    /// are left out and told.
    ///
    /// # Errors
    /// The text as a whole is not a bundle.
    pub fn from_jwks(trust_domain: &TrustDomain, text: &[u8]) -> Result<ReadBundle, BundleError> {
        from_object(trust_domain, &object(text)?)
    }

    /// The bundle as the standard writes it.
    pub fn to_jwks(&self) -> Value {
        let certificates = self.x509_authorities.iter().filter_map(|der| x509_jwk(der));
        let keys = self.jwt_authorities.iter().map(|authority| {
            let mut jwk = authority.jwk.clone();
            jwk.insert("use".to_owned(), "jwt-svid".into());
            jwk.insert("kid".to_owned(), authority.key_id.as_str().into());
            Value::Object(jwk)
        });
        let mut set = Map::new();
        set.insert("keys".to_owned(), certificates.chain(keys).collect());
        if let Some(sequence) = self.sequence {
            set.insert("spiffe_sequence".to_owned(), sequence.into());
        }
        if let Some(hint) = self.refresh_hint {
            set.insert("spiffe_refresh_hint".to_owned(), hint.as_secs().into());
        }
        Value::Object(set)
    }

    /// The JWT keys alone, as the Workload API and clouds read them. `spiffe` says whether keys
    /// carry the use of the SPIFFE standards or that of RFC 7517.
    pub fn to_jwt_jwks(&self, key_use: KeyUse) -> Value {
        let word = match key_use {
            KeyUse::Spiffe => "jwt-svid",
            KeyUse::Web => "sig",
        };
        let keys: Vec<Value> = self
            .jwt_authorities
            .iter()
            .map(|authority| {
                let mut jwk = authority.jwk.clone();
                jwk.insert("use".to_owned(), word.into());
                jwk.insert("kid".to_owned(), authority.key_id.as_str().into());
                Value::Object(jwk)
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The word that `use` of a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// `jwt-svid`, for readers of SPIFFE bundles.
    Spiffe,
    /// `sig`, for readers of OpenID Connect key sets.
    Web,
}

/// Reads a map of bundles (section 5); a name that stands twice is an error.
///
/// # Errors
/// The text is not a map of bundles, or one of them is not a bundle.
pub fn bundles_from_json(text: &[u8]) -> Result<Bundles, BundleError> {
    let map = object(text)?;
    let domains = map.get("trust_domains").and_then(Value::as_object);
    let mut bundles = Bundles::new();
    for (name, value) in domains.ok_or(BundleError::Map)? {
        let trust_domain = TrustDomain::new(name).map_err(|reason| BundleError::Name {
            name: name.chars().take(80).collect(),
            reason,
        })?;
        let object = value.as_object().ok_or(BundleError::Map)?;
        let read = from_object(&trust_domain, object)?;
        bundles.insert(trust_domain, Arc::new(read.bundle));
    }
    Ok(bundles)
}

/// Writes a map of bundles (section 5) without the refresh hints of single bundles.
pub fn bundles_to_json(bundles: &Bundles) -> Value {
    let one = |(name, bundle): (&TrustDomain, &Arc<Bundle>)| {
        let mut value = bundle.to_jwks();
        if let Some(object) = value.as_object_mut() {
            object.remove("spiffe_refresh_hint");
        }
        (name.name().to_owned(), value)
    };
    let domains: Map<String, Value> = bundles.iter().map(one).collect();
    serde_json::json!({ "trust_domains": domains })
}

fn object(text: &[u8]) -> Result<Map<String, Value>, BundleError> {
    if text.len() > LARGEST_BUNDLE {
        return Err(BundleError::Size(text.len()));
    }
    json::object(text).map_err(|error| BundleError::Json(error.to_string()))
}

fn from_object(
    trust_domain: &TrustDomain,
    object: &Map<String, Value>,
) -> Result<ReadBundle, BundleError> {
    let number = |name: &'static str| match object.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(BundleError::Number(name)),
    };
    let keys = object.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or(BundleError::NoKeys)?;
    if keys.len() > MOST_KEYS {
        return Err(BundleError::Count(keys.len()));
    }
    let mut bundle = Bundle {
        sequence: number("spiffe_sequence")?,
        refresh_hint: number("spiffe_refresh_hint")?.map(Duration::from_secs),
        ..Bundle::empty(trust_domain.clone())
    };
    let mut skipped = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        if let Err(reason) = take(key, &mut bundle) {
            skipped.push((place, reason));
        }
    }
    Ok(ReadBundle { bundle, skipped })
}

fn take(key: &Value, bundle: &mut Bundle) -> Result<(), &'static str> {
    let jwk = key.as_object().ok_or("it is not an object")?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    member("kty").ok_or("it has no `kty`")?;
    match member("use") {
        Some("x509-svid") => {
            let certificate = certificate_of(jwk)?;
            if !bundle.x509_authorities.contains(&certificate) {
                bundle.x509_authorities.push(certificate);
            }
        }
        Some("jwt-svid") => {
            let id = member("kid").filter(|id| (1..=LONGEST_KEY_ID).contains(&id.len()));
            let id = id.ok_or("a key for JWT-SVIDs has a `kid`")?;
            if bundle
                .jwt_authorities
                .iter()
                .any(|known| known.key_id == id)
            {
                return Err("its `kid` stands twice");
            }
            let key = VerifyingKey::from_jwk(jwk).ok_or("its kind of key is not known")?;
            let mut jwk_of_key = key.to_jwk();
            if let Some(algorithm) = member("alg") {
                jwk_of_key.insert("alg".to_owned(), algorithm.into());
            }
            bundle.jwt_authorities.push(JwtAuthority {
                key_id: id.to_owned(),
                jwk: jwk_of_key,
            });
        }
        Some(_) => return Err("its `use` is not known"),
        None => return Err("it has no `use`"),
    }
    Ok(())
}

/// The first certificate of `x5c`; the others do not count.
fn certificate_of(jwk: &Map<String, Value>) -> Result<Arc<[u8]>, &'static str> {
    let first = jwk
        .get("x5c")
        .and_then(Value::as_array)
        .and_then(|x5c| x5c.first());
    let text = first.and_then(Value::as_str);
    let text = text.ok_or("a key for X509-SVIDs has a certificate in `x5c`")?;
    let der = STANDARD
        .decode(text)
        .map_err(|_| "its certificate is not base64")?;
    if der.len() > x509::LARGEST_CERTIFICATE {
        return Err("its certificate is larger than 64 KiB");
    }
    x509::check_authority(&der, 0).map_err(|_| "its certificate is not that of an authority")?;
    Ok(der.into())
}

fn x509_jwk(der: &[u8]) -> Option<Value> {
    let certificate = x509::read(der, 0).ok()?;
    let mut jwk = VerifyingKey::from_spki(certificate.public_key())?.to_jwk();
    jwk.insert("use".to_owned(), "x509-svid".into());
    jwk.insert("x5c".to_owned(), vec![STANDARD.encode(der)].into());
    Some(Value::Object(jwk))
}

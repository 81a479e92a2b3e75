//! JWT-SVID: what a token may hold, and its validation.
//!
//! Source: JWT-SVID standard, sections 2 to 4; RFC 7515 and RFC 7519.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::jwk::VerifyingKey;
use super::{Bundle, Bundles, IdError, SpiffeId, TrustDomain, json};
use crate::clock::{minus, plus};

/// The longest token that is read, in bytes.
pub const LONGEST_TOKEN: usize = 16 * 1024;
/// The most audiences of one token.
pub const MOST_AUDIENCES: usize = 32;
/// The longest name of an audience, in bytes.
pub const LONGEST_AUDIENCE: usize = 2048;
/// How far two clocks may stand apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(10);

/// The algorithms that the standard lists (section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
    Ps256,
    Ps384,
    Ps512,
}

impl Algorithm {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Rs256, "RS256"),
        (Self::Rs384, "RS384"),
        (Self::Rs512, "RS512"),
        (Self::Es256, "ES256"),
        (Self::Es384, "ES384"),
        (Self::Es512, "ES512"),
        (Self::Ps256, "PS256"),
        (Self::Ps384, "PS384"),
        (Self::Ps512, "PS512"),
    ];

    /// The algorithm with this `alg` value.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(algorithm, _)| algorithm)
    }

    /// The `alg` value.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == self);
        found.map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a token is not accepted. No text of the token is in it but its algorithm and trust domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The token is too long.
    #[error("a token has at most {LONGEST_TOKEN} bytes, this one has {0}")]
    Length(usize),
    /// Not three parts with dots between.
    #[error("a JWT-SVID is a header, claims and a signature in base64url with dots between")]
    Form,
    /// The header is not the JSON object it should be.
    #[error("the header of the token does not read: {0}")]
    Header(String),
    /// A header member that is not allowed.
    #[error("a JWT-SVID has only `alg`, `kid` and `typ` in its header")]
    HeaderMember,
    /// An algorithm that is not allowed.
    #[error("the algorithm `{0}` is not one of RS, ES or PS with 256, 384 or 512")]
    Algorithm(String),
    /// A type that is not allowed.
    #[error("`typ` is `JWT` or `JOSE` where it is set")]
    Type,
    /// The claims are not the JSON object they should be.
    #[error("the claims of the token do not read: {0}")]
    Claims(String),
    /// The subject is missing.
    #[error("the token has no `sub`")]
    NoSubject,
    /// The subject is not a SPIFFE ID.
    #[error("the subject of the token is not a SPIFFE ID: {0}")]
    Subject(IdError),
    /// No or no usable audience.
    #[error("the token has no `aud` with one to {MOST_AUDIENCES} names")]
    NoAudience,
    /// Made for somebody else.
    #[error("the token is for another audience")]
    OtherAudience,
    /// No expiry.
    #[error("the token has no `exp`")]
    NoExpiry,
    /// A time that is not a number.
    #[error("`{0}` is not a time in seconds")]
    Time(&'static str),
    /// Past its time.
    #[error("the token ended at {0}; ask for a new one")]
    Expired(Timestamp),
    /// Before its time.
    #[error("the token is not valid before {0}; compare the clocks of the two machines")]
    NotYet(Timestamp),
    /// Nobody whom we trust.
    #[error("there is no bundle of trust domain `{0}`; federate with it to accept its tokens")]
    NoBundle(TrustDomain),
    /// No key with that id.
    #[error("the bundle of trust domain `{0}` has no key with the token's `kid`")]
    NoKey(TrustDomain),
    /// The signature is wrong.
    #[error("the signature of the token is wrong")]
    Signature,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq)]
pub struct JwtIdentity {
    /// Who holds it.
    pub id: SpiffeId,
    /// For whom it was made.
    pub audiences: Vec<String>,
    /// Until when it is valid.
    pub expires: Timestamp,
    /// All claims as they stand in it.
    pub claims: Map<String, Value>,
}

/// Accepts a token that a bundle's key signed for one of the audiences and that is valid now.
///
/// # Errors
/// Tells the first rule that the token breaks.
pub fn verify_jwt(
    token: &str,
    bundles: &Bundles,
    audiences: &[&str],
    now: Timestamp,
) -> Result<JwtIdentity, JwtError> {
    let token = Unverified::read(token)?;
    let bundle = bundles
        .get(&token.id.trust_domain())
        .ok_or_else(|| JwtError::NoBundle(token.id.trust_domain()))?;
    token.verify(bundle, audiences, now)
}

/// A token that reads as a JWT-SVID; nothing in it is proven.
#[derive(Debug)]
pub struct Unverified<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    id: SpiffeId,
    audiences: Vec<String>,
    expires: Timestamp,
    not_before: Option<Timestamp>,
    claims: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    /// Reads the parts of a token.
    ///
    /// # Errors
    /// The text is no JWT-SVID.
    pub fn read(token: &'a str) -> Result<Self, JwtError> {
        if token.len() > LONGEST_TOKEN {
            return Err(JwtError::Length(token.len()));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Form)?;
        let (head, body) = signed.split_once('.').ok_or(JwtError::Form)?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwtError::Form);
        let (algorithm, key_id) = header(&part(head)?)?;
        let signature = part(signature)?;
        let unread = |error: serde_json::Error| JwtError::Claims(error.to_string());
        let claims = json::object(&part(body)?).map_err(unread)?;
        let subject = claims.get("sub").and_then(Value::as_str);
        let id: SpiffeId = subject
            .ok_or(JwtError::NoSubject)?
            .parse()
            .map_err(JwtError::Subject)?;
        Ok(Self {
            algorithm,
            key_id,
            signed,
            signature,
            id,
            audiences: audiences_of(&claims)?,
            expires: time(&claims, "exp")?.ok_or(JwtError::NoExpiry)?,
            not_before: time(&claims, "nbf")?,
            claims,
        })
    }

    /// Whose token it says it is, to choose the bundle.
    pub fn trust_domain(&self) -> TrustDomain {
        self.id.trust_domain()
    }

    /// Proves the token by the bundle of its trust domain.
    ///
    /// # Errors
    /// Tells the first rule that the token breaks.
    pub fn verify(
        self,
        bundle: &Bundle,
        audiences: &[&str],
        now: Timestamp,
    ) -> Result<JwtIdentity, JwtError> {
        if !self.id.is_in(&bundle.trust_domain) {
            return Err(JwtError::NoBundle(self.id.trust_domain()));
        }
        self.check_signature(bundle)?;
        if now >= plus(self.expires, LEEWAY) {
            return Err(JwtError::Expired(self.expires));
        }
        match self.not_before {
            Some(start) if now < minus(start, LEEWAY) => return Err(JwtError::NotYet(start)),
            _ => {}
        }
        let meant = |own: &&str| self.audiences.iter().any(|audience| audience == own);
        if !audiences.iter().any(meant) {
            return Err(JwtError::OtherAudience);
        }
        Ok(JwtIdentity {
            id: self.id,
            audiences: self.audiences,
            expires: self.expires,
            claims: self.claims,
        })
    }

    fn check_signature(&self, bundle: &Bundle) -> Result<(), JwtError> {
        let mut seen = false;
        for authority in &bundle.jwt_authorities {
            let named = self
                .key_id
                .as_ref()
                .is_none_or(|id| *id == authority.key_id);
            let allowed = authority.jwk.get("alg").and_then(Value::as_str);
            if !named || allowed.is_some_and(|name| name != self.algorithm.name()) {
                continue;
            }
            seen = true;
            let key = VerifyingKey::from_jwk(&authority.jwk);
            let signed = self.signed.as_bytes();
            if key.is_some_and(|key| key.verifies(self.algorithm, signed, &self.signature)) {
                return Ok(());
            }
        }
        Err(if seen {
            JwtError::Signature
        } else {
            JwtError::NoKey(bundle.trust_domain.clone())
        })
    }
}

fn header(text: &[u8]) -> Result<(Algorithm, Option<String>), JwtError> {
    let unread = |error: serde_json::Error| JwtError::Header(error.to_string());
    let header = json::object(text).map_err(unread)?;
    if header
        .keys()
        .any(|name| !matches!(name.as_str(), "alg" | "kid" | "typ"))
    {
        return Err(JwtError::HeaderMember);
    }
    let name = header
        .get("alg")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let shown = || name.chars().take(16).collect();
    let algorithm = Algorithm::named(name).ok_or_else(|| JwtError::Algorithm(shown()))?;
    if header
        .get("typ")
        .is_some_and(|kind| kind != "JWT" && kind != "JOSE")
    {
        return Err(JwtError::Type);
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(JwtError::Header("`kid` is not a text".to_owned())),
    };
    Ok((algorithm, key_id))
}

fn audiences_of(claims: &Map<String, Value>) -> Result<Vec<String>, JwtError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let found: Option<Vec<String>> = match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().map(text).collect(),
        Some(value) => text(value).map(|one| vec![one]),
        None => None,
    };
    found
        .filter(|names| (1..=MOST_AUDIENCES).contains(&names.len()))
        .filter(|names| names.iter().all(|name| !name.is_empty()))
        .ok_or(JwtError::NoAudience)
}

/// A `NumericDate` (RFC 7519 section 2), cut to whole seconds.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, JwtError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let whole = value.as_i64().or_else(|| {
        let number = value.as_f64()?.floor();
        let inside = (0.0..=253_402_207_200.0).contains(&number);
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        inside.then_some(number as i64)
    });
    let read = whole.and_then(|seconds| Timestamp::from_second(seconds).ok());
    read.map(Some).ok_or(JwtError::Time(name))
}

//! Makes JWT keys and signs JWT-SVIDs.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::settings::Settings;
use super::sign::{JwtRequest, SignError};
use super::state::{Kind, Public, Record, Secret, Stage};
use super::x509::{AUTHORITY_BACKDATE, random, whole_seconds};
use crate::clock::{minus, plus};
use crate::spiffe::jwk::{Curve, VerifyingKey};
use crate::spiffe::{JwtSvid, LONGEST_AUDIENCE, LONGEST_TOKEN, MOST_AUDIENCES, TrustDomain};

/// The claims that every token has.
const OWN_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

enum Key {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// A key that signs JWT-SVIDs.
pub(crate) struct JwtSigner {
    pub(crate) id: Arc<str>,
    trust_domain: TrustDomain,
    key: Key,
    /// The first part of every token.
    header: String,
    not_before: Timestamp,
    expires: Timestamp,
}

/// Makes a key of this kind.
pub(crate) fn new_authority(
    kind: Kind,
    settings: &Settings,
    now: Timestamp,
) -> Result<Record, SignError> {
    let crypto = |_| SignError::Crypto;
    let (secret, public) = match kind {
        Kind::X509 => return Err(SignError::Crypto),
        Kind::Es256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(crypto)?;
            let document = key.to_pkcs8v1().map_err(crypto)?;
            let point = key.public_key().as_ref().to_vec();
            let secret = Zeroizing::new(document.as_ref().to_vec());
            (secret, VerifyingKey::Ec(Curve::P256, point))
        }
        Kind::Rs256 => {
            let key = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(crypto)?;
            let document = key.as_der().map_err(crypto)?;
            let public = key.public_key();
            let modulus = public.modulus().big_endian_without_leading_zero();
            let exponent = public.exponent().big_endian_without_leading_zero();
            let public = VerifyingKey::rsa(modulus, exponent).ok_or(SignError::Crypto)?;
            (Zeroizing::new(document.as_ref().to_vec()), public)
        }
    };
    let mut jwk = public.to_jwk();
    jwk.insert("alg".to_owned(), kind.to_string().into());
    let now = whole_seconds(now);
    Ok(Record {
        id: HEXLOWER.encode(&random::<16>()?),
        kind,
        stage: Stage::Prepared,
        prepared: now,
        not_before: minus(now, AUTHORITY_BACKDATE),
        expires: plus(now, settings.authority_lifetime),
        forced: None,
        public: Public::Jwt(jwk),
        key: Some(Secret(secret)),
    })
}

impl JwtSigner {
    /// The signer of a record, which has its private key.
    pub(crate) fn new(trust_domain: &TrustDomain, record: &Record) -> Result<Self, SignError> {
        let secret = record.key.as_ref().ok_or(SignError::Crypto)?;
        let crypto = |_| SignError::Crypto;
        let key = match record.kind {
            Kind::X509 => return Err(SignError::Crypto),
            Kind::Es256 => {
                let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
                Key::Es256(EcdsaKeyPair::from_pkcs8(kind, &secret.0).map_err(crypto)?)
            }
            Kind::Rs256 => Key::Rs256(RsaKeyPair::from_pkcs8(&secret.0).map_err(crypto)?),
        };
        let header = json!({ "alg": record.kind.to_string(), "kid": record.id, "typ": "JWT" });
        Ok(Self {
            id: record.id.as_str().into(),
            trust_domain: trust_domain.clone(),
            key,
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            not_before: record.not_before,
            expires: record.expires,
        })
    }

    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.expires
    }

    /// Signs a token.
    pub(crate) fn sign(
        &self,
        request: &JwtRequest<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<JwtSvid, SignError> {
        self.check(request)?;
        let now = whole_seconds(now);
        let lifetime = request.lifetime.unwrap_or(settings.jwt_lifetime);
        if lifetime < SignedDuration::from_secs(1) {
            return refused("a token lives at least one second".to_owned());
        }
        let expires = plus(now, lifetime).min(self.expires);
        let mut claims = Map::new();
        if let Some(issuer) = &settings.issuer {
            claims.insert("iss".to_owned(), issuer.as_str().into());
        }
        claims.insert("sub".to_owned(), request.id.as_str().into());
        claims.insert("aud".to_owned(), request.audiences.into());
        claims.insert("exp".to_owned(), expires.as_second().into());
        claims.insert("iat".to_owned(), now.as_second().into());
        claims.insert("jti".to_owned(), HEXLOWER.encode(&random::<16>()?).into());
        for (name, value) in &request.claims {
            claims.insert(name.clone(), value.clone());
        }
        let claims = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
        let mut token = Zeroizing::new(format!("{}.{claims}", self.header));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > LONGEST_TOKEN {
            return refused(format!(
                "the token would have more than {LONGEST_TOKEN} bytes"
            ));
        }
        Ok(JwtSvid {
            id: request.id.clone(),
            token,
            expires,
            hint: String::new(),
        })
    }

    fn check(&self, request: &JwtRequest<'_>) -> Result<(), SignError> {
        let (id, domain, audiences) = (request.id, &self.trust_domain, request.audiences);
        if !id.is_in(domain) {
            return refused(format!("`{id}` is not in trust domain `{domain}`"));
        }
        if !(1..=MOST_AUDIENCES).contains(&audiences.len()) {
            return refused(format!("a token has one to {MOST_AUDIENCES} audiences"));
        }
        let fits = |name: &String| (1..=LONGEST_AUDIENCE).contains(&name.len());
        if !audiences.iter().all(fits) {
            return refused(format!("an audience has one to {LONGEST_AUDIENCE} bytes"));
        }
        match request
            .claims
            .keys()
            .find(|name| OWN_CLAIMS.contains(&name.as_str()))
        {
            Some(name) => refused(format!("the claim `{name}` is set by the authority alone")),
            None => Ok(()),
        }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let (random, crypto) = (SystemRandom::new(), |_| SignError::Crypto);
        match &self.key {
            Key::Es256(key) => {
                let signature = key.sign(&random, message).map_err(crypto)?;
                Ok(signature.as_ref().to_vec())
            }
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(crypto)?;
                Ok(signature)
            }
        }
    }
}

fn refused<T>(reason: String) -> Result<T, SignError> {
    Err(SignError::Request(reason))
}

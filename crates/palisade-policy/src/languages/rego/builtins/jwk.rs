//! Keys: JSON Web Keys, public keys and certificates in PEM.

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value as Json;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

use super::bytes::{from_base64url, pem_blocks};

/// A key that verifies.
#[derive(Debug)]
pub(super) enum PublicKey {
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// The bytes of a subject's public key: an RSA key in its own DER, or a point.
    Plain(Vec<u8>),
    /// A shared secret.
    Secret(Vec<u8>),
}

/// A signature algorithm of JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm(pub(super) &'static str);

/// All that are known.
pub(super) const ALGORITHMS: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
    "HS384", "HS512", "EdDSA",
];

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        ALGORITHMS
            .iter()
            .find(|known| **known == name)
            .map(|known| Self(known))
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self.0 {
            "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
            "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
            "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
            "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
            "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
            "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }

    fn curve(self) -> Option<&'static EcdsaVerificationAlgorithm> {
        Some(match self.0 {
            "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
            "ES384" => &signature::ECDSA_P384_SHA384_FIXED,
            "ES512" => &signature::ECDSA_P521_SHA512_FIXED,
            _ => return None,
        })
    }

    pub(super) fn hmac(self) -> Option<aws_lc_rs::hmac::Algorithm> {
        Some(match self.0 {
            "HS256" => aws_lc_rs::hmac::HMAC_SHA256,
            "HS384" => aws_lc_rs::hmac::HMAC_SHA384,
            "HS512" => aws_lc_rs::hmac::HMAC_SHA512,
            _ => return None,
        })
    }

    /// Whether a signature over a message is a key's.
    pub(super) fn verifies(self, key: &PublicKey, message: &[u8], signed: &[u8]) -> bool {
        match key {
            PublicKey::Secret(secret) => self.hmac().is_some_and(|algorithm| {
                let key = aws_lc_rs::hmac::Key::new(algorithm, secret);
                aws_lc_rs::hmac::verify(&key, message, signed).is_ok()
            }),
            PublicKey::Rsa(n, e) => self.rsa().is_some_and(|algorithm| {
                RsaPublicKeyComponents { n, e }
                    .verify(algorithm, message, signed)
                    .is_ok()
            }),
            PublicKey::Plain(bytes) => {
                let check = |algorithm: &'static dyn signature::VerificationAlgorithm| {
                    UnparsedPublicKey::new(algorithm, bytes)
                        .verify(message, signed)
                        .is_ok()
                };
                if let Some(algorithm) = self.rsa() {
                    check(algorithm)
                } else if let Some(algorithm) = self.curve() {
                    check(algorithm)
                } else {
                    self.0 == "EdDSA" && check(&signature::ED25519)
                }
            }
        }
    }
}

/// The keys of a text: PEM, a key or a set of keys in JSON.
pub(super) fn public_keys(text: &str) -> Result<Vec<PublicKey>, String> {
    if text.contains("-----BEGIN") {
        let blocks = pem_blocks(text).ok_or("failed to parse a PEM key")?;
        return blocks
            .iter()
            .map(|(label, der)| pem_key(label, der))
            .collect();
    }
    let json: Json = serde_json::from_str(text)
        .map_err(|_| "failed to parse the key; give PEM or a JSON Web Key".to_owned())?;
    match json.get("keys").and_then(Json::as_array) {
        Some(keys) => Ok(keys.iter().filter_map(json_key).collect()),
        None => Ok(vec![json_key(&json).ok_or("unsupported JSON Web Key")?]),
    }
}

fn pem_key(label: &str, der: &[u8]) -> Result<PublicKey, String> {
    match label {
        "CERTIFICATE" => {
            let (_, certificate) = X509Certificate::from_der(der)
                .map_err(|_| "failed to parse a PEM certificate".to_owned())?;
            let key = &certificate.public_key().subject_public_key;
            Ok(PublicKey::Plain(key.data.to_vec()))
        }
        "PUBLIC KEY" => {
            let (_, key) = SubjectPublicKeyInfo::from_der(der)
                .map_err(|_| "failed to parse a PEM public key".to_owned())?;
            Ok(PublicKey::Plain(key.subject_public_key.data.to_vec()))
        }
        "RSA PUBLIC KEY" => Ok(PublicKey::Plain(der.to_vec())),
        _ => Err("failed to extract a key from the PEM certificate".to_owned()),
    }
}

/// A part of a key that is written in base64url.
pub(super) fn part(key: &Json, name: &str) -> Option<Vec<u8>> {
    from_base64url(key.get(name)?.as_str()?)
}

fn json_key(key: &Json) -> Option<PublicKey> {
    match key.get("kty")?.as_str()? {
        "RSA" => Some(PublicKey::Rsa(part(key, "n")?, part(key, "e")?)),
        "EC" => Some(PublicKey::Plain(point(key)?)),
        "OKP" => Some(PublicKey::Plain(part(key, "x")?)),
        "oct" => Some(PublicKey::Secret(part(key, "k")?)),
        _ => None,
    }
}

/// An uncompressed point.
pub(super) fn point(key: &Json) -> Option<Vec<u8>> {
    let size = match key.get("crv")?.as_str()? {
        "P-256" => 32,
        "P-384" => 48,
        "P-521" => 66,
        _ => return None,
    };
    let mut point = vec![4];
    for name in ["x", "y"] {
        let part = part(key, name)?;
        point.resize(point.len() + size - part.len().min(size), 0);
        point.extend(part);
    }
    Some(point)
}

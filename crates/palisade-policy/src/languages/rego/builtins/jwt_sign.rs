//! JSON Web Tokens: making them.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use serde_json::Value as Json;

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bytes::base64url;
use super::jwk::{Algorithm, part, point};
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("io.jwt.encode_sign", 3, |arguments, world| {
        let texts: Vec<String> = (0..3)
            .map(|at| match argument(arguments, at)? {
                object @ Term::Object(_) => Ok(object.to_json().to_string()),
                other => Err(wrong_type(at, "object", other)),
            })
            .collect::<Result<_, Fault>>()?;
        let [header, payload, key] = texts.as_slice() else {
            return Err(Fault::undefined("three arguments are needed"));
        };
        sign(header, payload, key, world)
    }),
    Builtin::new("io.jwt.encode_sign_raw", 3, |arguments, world| {
        sign(
            text_argument(arguments, 0)?,
            text_argument(arguments, 1)?,
            text_argument(arguments, 2)?,
            world,
        )
    }),
];

fn sign(header: &str, payload: &str, key: &str, _: &mut World) -> Result<Term, Fault> {
    let fields: Json =
        serde_json::from_str(header).map_err(|_| Fault::undefined("the headers are not JSON"))?;
    let typ = fields.get("typ").and_then(Json::as_str).unwrap_or("JWT");
    if typ.eq_ignore_ascii_case("jwt") && serde_json::from_str::<Json>(payload).is_err() {
        return Err(Fault::undefined("type is JWT but payload is not JSON"));
    }
    let algorithm = fields
        .get("alg")
        .and_then(Json::as_str)
        .and_then(Algorithm::of)
        .ok_or_else(|| Fault::undefined("unknown or missing `alg` header"))?;
    let key: Json =
        serde_json::from_str(key).map_err(|_| Fault::undefined("the key is not a JSON Web Key"))?;
    let signed = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(payload.as_bytes())
    );
    let signature = signature(algorithm, &key, signed.as_bytes())
        .ok_or_else(|| Fault::undefined("the key does not fit the algorithm"))?;
    Ok(Term::Text(format!("{signed}.{}", base64url(&signature))))
}

fn signature(algorithm: Algorithm, key: &Json, message: &[u8]) -> Option<Vec<u8>> {
    if let Some(hash) = algorithm.hmac() {
        let secret = hmac::Key::new(hash, &part(key, "k")?);
        return Some(hmac::sign(&secret, message).as_ref().to_vec());
    }
    let random = SystemRandom::new();
    if let Some(encoding) = rsa_encoding(algorithm) {
        let pair = RsaKeyPair::from_der(&rsa_der(key)?).ok()?;
        let mut signed = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &random, message, &mut signed).ok()?;
        return Some(signed);
    }
    if let Some(curve) = curve(algorithm) {
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(curve, &part(key, "d")?, &point(key)?)
                .ok()?;
        return Some(pair.sign(&random, message).ok()?.as_ref().to_vec());
    }
    let pair = Ed25519KeyPair::from_seed_and_public_key(&part(key, "d")?, &part(key, "x")?).ok()?;
    Some(pair.sign(message).as_ref().to_vec())
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm.0 {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn curve(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    Some(match algorithm.0 {
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        "ES384" => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        "ES512" => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        _ => return None,
    })
}

/// A private key as PKCS #1 writes it (RFC 8017, A.1.2).
fn rsa_der(key: &Json) -> Option<Vec<u8>> {
    let mut body = integer(&[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        body.extend(integer(&part(key, name)?));
    }
    Some(tagged(0x30, &body))
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or(&[]);
    let mut value = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        value.push(0);
    }
    value.extend(digits);
    tagged(0x02, &value)
}

fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut made = vec![tag];
    let length = body.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(zeros..).unwrap_or(&[]);
    match length {
        [] => made.push(0),
        [short] if *short < 0x80 => made.push(*short),
        long => {
            made.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            made.extend(long);
        }
    }
    made.extend(body);
    made
}

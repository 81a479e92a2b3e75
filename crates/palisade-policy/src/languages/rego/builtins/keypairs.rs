//! Certificates together with their private keys.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::RsaKeyPair;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};
use x509_parser::oid_registry;
use x509_parser::prelude::X509Certificate;

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bytes::{base64, from_base64, pem_blocks};
use super::private_keys::{PARTS, key_numbers, tagged};
use super::x509::{decimal, parsed};
use super::{Builtin, text_argument};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("crypto.x509.parse_keypair", 2, keypair)];

/// A private key: as OPA shows it, and the public key that belongs to it as a certificate holds it.
struct PrivateKey {
    shown: Term,
    public: Vec<u8>,
}

/// A chain, leaf first, with the key of the leaf. What OPA shows of the leaf again (`Leaf`) is null, as in its older
/// releases.
fn keypair(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let broken = || Fault::undefined("the texts are no certificate and private key in PEM");
    let mut chain = blocks(text_argument(arguments, 0)?).ok_or_else(broken)?;
    chain.retain(|(label, _)| label == "CERTIFICATE");
    let keys = blocks(text_argument(arguments, 1)?).ok_or_else(broken)?;
    let mut keys = keys
        .iter()
        .filter(|(label, _)| label.ends_with("PRIVATE KEY"));
    let ((_, leaf), (label, key)) = chain.first().zip(keys.next()).ok_or_else(broken)?;
    let leaf = parsed(leaf)?;
    let key = private_key(&leaf, label, key)?;
    if *key.public != *leaf.public_key().subject_public_key.data {
        return Err(Fault::undefined("the private key is not the certificate's"));
    }
    let chain = chain.iter().map(|(_, der)| Term::Text(base64(der)));
    Ok(Term::object([
        ("Certificate", Term::Array(chain.collect())),
        ("Leaf", Term::Null),
        ("OCSPStaple", Term::Null),
        ("PrivateKey", key.shown),
        ("SignedCertificateTimestamps", Term::Null),
        ("SupportedSignatureAlgorithms", Term::Null),
    ]))
}

/// The blocks of PEM, or of PEM in base64.
fn blocks(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    if text.contains("-----BEGIN") {
        return pem_blocks(text);
    }
    pem_blocks(&String::from_utf8(from_base64(text)?).ok()?)
}

/// Reads a key of the kind that the certificate has.
fn private_key(leaf: &X509Certificate<'_>, label: &str, der: &[u8]) -> Result<PrivateKey, Fault> {
    let algorithm = &leaf.public_key().algorithm;
    let key = if algorithm.algorithm == oid_registry::OID_PKCS1_RSAENCRYPTION {
        rsa(label, der)
    } else if algorithm.algorithm == oid_registry::OID_SIG_ED25519 {
        ed25519(der)
    } else {
        let curve = algorithm
            .parameters
            .as_ref()
            .and_then(|curve| curve.as_oid().ok());
        curve
            .and_then(|oid| curve_of(&oid))
            .and_then(|curve| elliptic(curve, label, der))
    };
    // Which of the two it is cannot be told apart, so that it must not pass for undefined.
    key.ok_or_else(|| {
        Fault::halt(
            "the private key is not of the certificate's kind, or of a kind or size that is not read",
        )
    })
}

/// What PKCS #8 (RFC 5208, 5) holds, or the key itself where the label says that it is none.
fn unwrapped<'k>(label: &str, der: &'k [u8]) -> Option<&'k [u8]> {
    if label != "PRIVATE KEY" {
        return Some(der);
    }
    let (body, _) = tagged(der, 0x30)?;
    let (_, rest) = tagged(body, 0x02)?;
    let (_, rest) = tagged(rest, 0x30)?;
    Some(tagged(rest, 0x04)?.0)
}

fn rsa(label: &str, der: &[u8]) -> Option<PrivateKey> {
    let der = unwrapped(label, der)?;
    let public = RsaKeyPair::from_der(der)
        .ok()?
        .public_key()
        .as_ref()
        .to_vec();
    let numbers = key_numbers(der)?;
    let number = |name: &str| {
        let at = PARTS.iter().position(|part| *part == name)?;
        Some(Term::Number(decimal(numbers.get(at)?)))
    };
    let computed = Term::object([
        ("Dp", number("dp")?),
        ("Dq", number("dq")?),
        ("Qinv", number("qi")?),
        ("CRTValues", Term::Array(Vec::new())),
    ]);
    let shown = Term::object([
        ("N", number("n")?),
        ("E", number("e")?),
        ("D", number("d")?),
        ("Primes", Term::Array(vec![number("p")?, number("q")?])),
        ("Precomputed", computed),
    ]);
    Some(PrivateKey { shown, public })
}

fn curve_of(oid: &oid_registry::Oid<'_>) -> Option<&'static EcdsaSigningAlgorithm> {
    if *oid == oid_registry::OID_EC_P256 {
        Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING)
    } else if *oid == oid_registry::OID_NIST_EC_P384 {
        Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING)
    } else if *oid == oid_registry::OID_NIST_EC_P521 {
        Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING)
    } else {
        None
    }
}

fn elliptic(curve: &'static EcdsaSigningAlgorithm, label: &str, der: &[u8]) -> Option<PrivateKey> {
    let pair = if label == "PRIVATE KEY" {
        EcdsaKeyPair::from_pkcs8(curve, der).ok()?
    } else {
        EcdsaKeyPair::from_private_key_der(curve, der).ok()?
    };
    let public = pair.public_key().as_ref().to_vec();
    // An uncompressed point: a mark, then both coordinates (SEC 1, 2.3.3).
    let (_, point) = public.split_first()?;
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    let secret = pair.private_key().as_be_bytes().ok()?;
    let shown = Term::object([
        ("Curve", Term::Object(Vec::new())),
        ("D", Term::Number(decimal(secret.as_ref()))),
        ("X", Term::Number(decimal(x))),
        ("Y", Term::Number(decimal(y))),
    ]);
    Some(PrivateKey { shown, public })
}

fn ed25519(der: &[u8]) -> Option<PrivateKey> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let public = pair.public_key().as_ref().to_vec();
    let seed = pair.seed().ok()?.as_be_bytes().ok()?;
    let both = [seed.as_ref(), &public].concat();
    let shown = Term::Text(base64(&both));
    Some(PrivateKey { shown, public })
}

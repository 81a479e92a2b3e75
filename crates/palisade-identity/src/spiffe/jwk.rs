//! Public keys in the form of JSON Web Keys (RFC 7517, RFC 7518 section 6).

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::jwt::Algorithm;

/// The most bytes of an RSA modulus (8192 bits).
const LONGEST_MODULUS: usize = 1024;
/// The fewest bytes of an RSA modulus (2048 bits).
const SHORTEST_MODULUS: usize = 256;

/// An elliptic curve of RFC 7518.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of one coordinate.
    fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn of_point(point: &[u8]) -> Option<Self> {
        let fits = |curve: &Self| point.len() == 1 + 2 * curve.width();
        Self::ALL.into_iter().find(fits)
    }
}

/// A public key that can verify signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VerifyingKey {
    /// An uncompressed point.
    Ec(Curve, Vec<u8>),
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
}

impl VerifyingKey {
    /// Reads a JWK; `None` for a key type, curve or size that is not understood.
    pub(crate) fn from_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(member(name)?).ok();
        match member("kty")? {
            "EC" => {
                let crv = member("crv")?;
                let curve = Curve::ALL.into_iter().find(|curve| curve.name() == crv)?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != curve.width() || y.len() != curve.width() {
                    return None;
                }
                let point = [&[4_u8][..], &x, &y].concat();
                Some(Self::Ec(curve, point))
            }
            "RSA" => Self::rsa(&bytes("n")?, &bytes("e")?),
            _ => None,
        }
    }

    /// The key of a certificate; `None` where it is of another kind.
    pub(crate) fn from_spki(spki: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        match spki.parsed().ok()? {
            PublicKey::EC(point) => {
                let point = point.data().to_vec();
                let curve = Curve::of_point(&point)?;
                (point.first() == Some(&4)).then_some(Self::Ec(curve, point))
            }
            PublicKey::RSA(key) => Self::rsa(key.modulus, key.exponent),
            _ => None,
        }
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let short = |number: &[u8]| -> Vec<u8> {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            number.get(zeros..).unwrap_or_default().to_vec()
        };
        let (modulus, exponent) = (short(modulus), short(exponent));
        let fits = (SHORTEST_MODULUS..=LONGEST_MODULUS).contains(&modulus.len())
            && (1..=8).contains(&exponent.len());
        fits.then_some(Self::Rsa(modulus, exponent))
    }

    /// The members of a JWK that describe the key.
    pub(crate) fn to_jwk(&self) -> Map<String, Value> {
        let text = |bytes: &[u8]| Value::String(URL_SAFE_NO_PAD.encode(bytes));
        let mut jwk = Map::new();
        match self {
            Self::Ec(curve, point) => {
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates
                    .split_at_checked(curve.width())
                    .unwrap_or_default();
                jwk.insert("kty".to_owned(), "EC".into());
                jwk.insert("crv".to_owned(), curve.name().into());
                jwk.insert("x".to_owned(), text(x));
                jwk.insert("y".to_owned(), text(y));
            }
            Self::Rsa(modulus, exponent) => {
                jwk.insert("kty".to_owned(), "RSA".into());
                jwk.insert("n".to_owned(), text(modulus));
                jwk.insert("e".to_owned(), text(exponent));
            }
        }
        jwk
    }

    /// Whether the key is of the kind that the algorithm needs.
    pub(crate) fn suits(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::Ec(curve, _), Algorithm::Es256) => *curve == Curve::P256,
            (Self::Ec(curve, _), Algorithm::Es384) => *curve == Curve::P384,
            (Self::Ec(curve, _), Algorithm::Es512) => *curve == Curve::P521,
            (Self::Ec(..), _) => false,
            (Self::Rsa(..), algorithm) => rsa_parameters(algorithm).is_some(),
        }
    }

    /// Whether this key made the signature.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.suits(algorithm) {
            return false;
        }
        match self {
            Self::Ec(curve, point) => {
                let kind = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_FIXED,
                    Curve::P384 => &ECDSA_P384_SHA384_FIXED,
                    Curve::P521 => &ECDSA_P521_SHA512_FIXED,
                };
                let key = UnparsedPublicKey::new(kind, point);
                key.verify(message, signature).is_ok()
            }
            Self::Rsa(n, e) => rsa_parameters(algorithm).is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).is_ok()
            }),
        }
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return None,
    })
}

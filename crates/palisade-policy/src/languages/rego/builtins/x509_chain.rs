//! Whether a chain of certificates holds, as Go's library judges it for OPA (RFC 5280, 6.1, in what that library checks).

use aws_lc_rs::signature;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry;
use x509_parser::prelude::{X509Certificate, X509Version};

use super::super::world::Fault;
use super::x509_options::Options;

/// Most signatures that are checked in search of a chain, as in Go's library.
const MAX_SIGNATURES: usize = 100;

/// Critical extensions that the check heeds.
const HEEDED: [&str; 4] = [
    // Key usage, alternative names, basic constraints, extended key usage.
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.37",
];

/// The chain from the last certificate to the first, which is trusted, over any of those between; nothing if there is none
/// that holds.
pub(super) fn find<'c>(
    certificates: &'c [X509Certificate<'c>],
    options: &'c Options,
    now: i64,
) -> Result<Option<Vec<&'c X509Certificate<'c>>>, Fault> {
    let [root, between @ .., leaf] = certificates else {
        return Ok(None);
    };
    if !is_sound(leaf, now) || !options.is_for_host(leaf) {
        return Ok(None);
    }
    let mut search = Search {
        root,
        between,
        now,
        signatures: 0,
        unread: None,
        options,
    };
    let mut chain = vec![leaf];
    if leaf.as_raw() == root.as_raw() || search.extend(&mut chain) {
        return Ok(Some(chain).filter(|chain| options.is_for_usage(chain)));
    }
    match search.unread {
        None => Ok(None),
        Some(what) => Err(Fault::halt(format!(
            "whether the chain holds is not known: {what}"
        ))),
    }
}

struct Search<'c> {
    root: &'c X509Certificate<'c>,
    between: &'c [X509Certificate<'c>],
    now: i64,
    signatures: usize,
    /// Why a chain was left without a judgement.
    unread: Option<&'static str>,
    options: &'c Options,
}

impl<'c> Search<'c> {
    /// Extends a chain to the trusted certificate.
    fn extend(&mut self, chain: &mut Vec<&'c X509Certificate<'c>>) -> bool {
        let Some(current) = chain.last().copied() else {
            return false;
        };
        for issuer in std::iter::once(self.root).chain(self.between) {
            let is_root = std::ptr::eq(issuer, self.root);
            let in_chain = chain.iter().any(|known| known.as_raw() == issuer.as_raw());
            if in_chain || current.issuer().as_raw() != issuer.subject().as_raw() {
                continue;
            }
            self.signatures += 1;
            if self.signatures > MAX_SIGNATURES {
                return false;
            }
            let between = chain.len() - 1;
            if !may_sign(issuer, is_root, between) || !is_sound(issuer, self.now) {
                continue;
            }
            match signed_by(current, issuer) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    self.unread = Some("a certificate is signed in a way that is not read");
                    continue;
                }
            }
            if !matches!(issuer.name_constraints(), Ok(None)) {
                self.unread = Some("a certificate constrains names, which is not judged");
                continue;
            }
            chain.push(issuer);
            if is_root && self.options.is_for_usage(chain) || !is_root && self.extend(chain) {
                return true;
            }
            chain.pop();
        }
        false
    }
}

/// Whether a certificate is valid now and says nothing critical that is not heeded.
fn is_sound(certificate: &X509Certificate<'_>, now: i64) -> bool {
    let validity = certificate.validity();
    let in_time = (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now);
    let constraints = oid_registry::OID_X509_EXT_NAME_CONSTRAINTS;
    in_time
        && certificate.extensions().iter().all(|extension| {
            // Constraints on names are told apart from what is not heeded.
            let is_read = !matches!(
                extension.parsed_extension(),
                ParsedExtension::ParseError { .. } | ParsedExtension::UnsupportedExtension { .. }
            );
            let is_heeded = HEEDED.contains(&extension.oid.to_id_string().as_str());
            !extension.critical || extension.oid == constraints || is_read && is_heeded
        })
}

/// Whether a certificate is an authority's, with so many authorities between it and the leaf. Before the third version,
/// certificates did not say; such a one must be trusted itself.
fn may_sign(issuer: &X509Certificate<'_>, is_root: bool, between: usize) -> bool {
    let basic = match issuer.basic_constraints() {
        Ok(Some(basic)) => basic,
        Ok(None) => return is_root && issuer.version() != X509Version::V3,
        Err(_) => return false,
    };
    let length = basic.value.path_len_constraint;
    let is_short = length.is_none_or(|length| between <= usize::try_from(length).unwrap_or(0));
    let signs = match issuer.key_usage() {
        Ok(Some(usage)) => usage.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    basic.value.ca && is_short && signs
}

/// Whether one certificate is signed by another; nothing if the way of signing is not read.
fn signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> Option<bool> {
    let key = &issuer.public_key().subject_public_key.data;
    let verified = signature::UnparsedPublicKey::new(algorithm(certificate, issuer)?, key).verify(
        certificate.tbs_certificate.as_ref(),
        &certificate.signature_value.data,
    );
    Some(verified.is_ok())
}

fn algorithm(
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
) -> Option<&'static dyn signature::VerificationAlgorithm> {
    let oid = &certificate.signature_algorithm.algorithm;
    if *oid == oid_registry::OID_PKCS1_SHA256WITHRSA {
        return Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY);
    }
    if *oid == oid_registry::OID_PKCS1_SHA384WITHRSA {
        return Some(&signature::RSA_PKCS1_2048_8192_SHA384);
    }
    if *oid == oid_registry::OID_PKCS1_SHA512WITHRSA {
        return Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY);
    }
    if *oid == oid_registry::OID_SIG_ED25519 {
        return Some(&signature::ED25519);
    }
    let parameters = issuer.public_key().algorithm.parameters.as_ref();
    let curve = parameters.and_then(|parameters| parameters.as_oid().ok())?;
    let hash = [
        oid_registry::OID_SIG_ECDSA_WITH_SHA256,
        oid_registry::OID_SIG_ECDSA_WITH_SHA384,
        oid_registry::OID_SIG_ECDSA_WITH_SHA512,
    ];
    let hash = hash.iter().position(|known| known == oid)?;
    if curve == oid_registry::OID_EC_P256 {
        return Some(match hash {
            0 => &signature::ECDSA_P256_SHA256_ASN1,
            1 => &signature::ECDSA_P256_SHA384_ASN1,
            _ => return None,
        });
    }
    if curve == oid_registry::OID_NIST_EC_P384 {
        return Some(match hash {
            0 => &signature::ECDSA_P384_SHA256_ASN1,
            1 => &signature::ECDSA_P384_SHA384_ASN1,
            _ => return None,
        });
    }
    if curve == oid_registry::OID_NIST_EC_P521 && hash == 2 {
        return Some(&signature::ECDSA_P521_SHA512_ASN1);
    }
    None
}

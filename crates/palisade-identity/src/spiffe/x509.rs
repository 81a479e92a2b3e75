//! X509-SVID: validation of a chain against bundles.
//!
//! Source: X509-SVID standard, sections 2 to 5; RFC 5280 section 6 by `rustls-webpki`.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::{Bundle, Bundles, IdError, SpiffeId, TrustDomain};

/// The most certificates of one chain.
const LONGEST_CHAIN: usize = 8;
/// The most bytes of one certificate.
pub(crate) const LARGEST_CERTIFICATE: usize = 64 * 1024;

/// Why a chain is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Empty, or too many or too large certificates.
    #[error("a chain has one to {LONGEST_CHAIN} certificates of at most 64 KiB each")]
    Size,
    /// Not a certificate.
    #[error("certificate {0} of the chain does not read as X.509")]
    Unread(usize),
    /// No URI, or more than one.
    #[error("an X509-SVID has exactly one URI in its subject alternative names, this one has {0}")]
    Uris(usize),
    /// The URI is no SPIFFE ID.
    #[error("the URI of the certificate is not a SPIFFE ID: {0}")]
    Id(IdError),
    /// The leaf's id has no path.
    #[error("the SPIFFE ID of a leaf certificate has a path, this one names the trust domain")]
    NoPath,
    /// A signing certificate's id has a path.
    #[error("the SPIFFE ID of a signing certificate has no path, this one has")]
    AuthorityPath,
    /// A certificate authority instead of a leaf.
    #[error("a signing certificate does not identify a caller")]
    Authority,
    /// Key usage is wrong.
    #[error("{0}")]
    Usage(&'static str),
    /// No bundle to prove it.
    #[error("there is no bundle of trust domain `{0}`; federate with it to accept its documents")]
    NoBundle(TrustDomain),
    /// The path does not lead to an authority of the bundle.
    #[error("the chain does not lead to an authority of `{trust_domain}`: {reason}")]
    Path {
        /// Whose bundle.
        trust_domain: TrustDomain,
        /// Why, in the words of the validator.
        reason: String,
    },
    /// Outside its time.
    #[error("the certificate is valid from {from} to {to}, and it is {now}")]
    Time {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// The time of validation.
        now: Timestamp,
    },
}

/// What a valid chain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct X509Identity {
    /// Who holds it.
    pub id: SpiffeId,
    /// From when the leaf is valid.
    pub not_before: Timestamp,
    /// Until when the leaf is valid.
    pub not_after: Timestamp,
}

/// Accepts a chain, the leaf first, that leads to an authority in the bundle of the leaf's own
/// trust domain.
///
/// # Errors
/// Tells the first rule that the chain breaks.
pub fn verify_x509<C: AsRef<[u8]>>(
    chain: &[C],
    bundles: &Bundles,
    now: Timestamp,
) -> Result<X509Identity, X509Error> {
    let large = |certificate: &C| certificate.as_ref().len() > LARGEST_CERTIFICATE;
    if chain.len() > LONGEST_CHAIN || chain.iter().any(large) {
        return Err(X509Error::Size);
    }
    let leaf = chain.first().ok_or(X509Error::Size)?.as_ref();
    let identity = leaf_identity(leaf)?;
    let trust_domain = identity.id.trust_domain();
    let bundle = bundles
        .get(&trust_domain)
        .ok_or(X509Error::NoBundle(trust_domain))?;
    if now < identity.not_before || now > identity.not_after {
        return Err(X509Error::Time {
            from: identity.not_before,
            to: identity.not_after,
            now,
        });
    }
    verify_path(chain, bundle, now)?;
    Ok(identity)
}

/// Checks what the standard asks of a leaf, apart from who signed it, and reads who it is.
///
/// # Errors
/// Tells the first rule that the leaf breaks.
pub fn leaf_identity(der: &[u8]) -> Result<X509Identity, X509Error> {
    let leaf = read(der, 0)?;
    if is_authority(&leaf) {
        return Err(X509Error::Authority);
    }
    check_leaf_usage(&leaf)?;
    let id = one_id(&leaf)?;
    if id.path().is_empty() {
        return Err(X509Error::NoPath);
    }
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp());
    let validity = leaf.validity();
    match (time(validity.not_before), time(validity.not_after)) {
        (Ok(not_before), Ok(not_after)) => Ok(X509Identity {
            id,
            not_before,
            not_after,
        }),
        _ => Err(X509Error::Unread(0)),
    }
}

pub(crate) fn read(der: &[u8], place: usize) -> Result<X509Certificate<'_>, X509Error> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(X509Error::Unread(place)),
    }
}

fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    // A certificate whose extension does not read is not a leaf either.
    match certificate.basic_constraints() {
        Ok(found) => found.is_some_and(|found| found.value.ca),
        Err(_) => true,
    }
}

fn check_leaf_usage(leaf: &X509Certificate<'_>) -> Result<(), X509Error> {
    let unread = |_| X509Error::Usage("the key usage does not read, or stands twice");
    let usage = leaf.key_usage().map_err(unread)?;
    let usage = usage.ok_or(X509Error::Usage(
        "an X509-SVID has a key usage, this one has none",
    ))?;
    if !usage.critical {
        return Err(X509Error::Usage(
            "the key usage of an X509-SVID is critical",
        ));
    }
    if !usage.value.digital_signature() {
        return Err(X509Error::Usage(
            "the key of a leaf is for digital signatures",
        ));
    }
    if usage.value.key_cert_sign() || usage.value.crl_sign() {
        return Err(X509Error::Usage(
            "the key of a leaf signs no certificates and no revocation lists",
        ));
    }
    match leaf.extended_key_usage().map_err(unread)? {
        Some(extended) if !(extended.value.server_auth && extended.value.client_auth) => {
            Err(X509Error::Usage(
                "the extended key usage of a leaf names both client and server authentication",
            ))
        }
        _ => Ok(()),
    }
}

/// The only URI, as a SPIFFE ID.
fn one_id(certificate: &X509Certificate<'_>) -> Result<SpiffeId, X509Error> {
    match uris(certificate)?.as_slice() {
        [uri] => uri.parse().map_err(X509Error::Id),
        found => Err(X509Error::Uris(found.len())),
    }
}

fn uris<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, X509Error> {
    let names = certificate.subject_alternative_name();
    let names = names.map_err(|_| X509Error::Uris(0))?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    Ok(names
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        })
        .collect())
}

/// Path validation of RFC 5280, and what the standard asks of signing certificates on the path.
fn verify_path<C: AsRef<[u8]>>(
    chain: &[C],
    bundle: &Bundle,
    now: Timestamp,
) -> Result<(), X509Error> {
    let wrong = |reason: String| X509Error::Path {
        trust_domain: bundle.trust_domain.clone(),
        reason,
    };
    let authorities: Vec<CertificateDer<'_>> = bundle
        .x509_authorities
        .iter()
        .filter(|der| valid_authority(der, now))
        .map(|der| CertificateDer::from_slice(der))
        .collect();
    let anchors: Vec<TrustAnchor<'_>> = authorities
        .iter()
        .filter_map(|der| anchor_from_trusted_cert(der).ok())
        .collect();
    if anchors.is_empty() {
        return Err(wrong(
            "the bundle has no authority that is valid now".to_owned(),
        ));
    }
    let mut certificates = chain
        .iter()
        .map(|der| CertificateDer::from_slice(der.as_ref()));
    let leaf = certificates.next().ok_or(X509Error::Size)?;
    let intermediates: Vec<CertificateDer<'_>> = certificates.collect();
    for (place, der) in intermediates.iter().enumerate() {
        check_authority(der, place.saturating_add(1))?;
    }
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| wrong(error.to_string()))?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let algorithms = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all;
    leaf.verify_for_usage(
        algorithms,
        &anchors,
        &intermediates,
        time,
        KeyUsage::client_auth(),
        None,
        None,
    )
    .map(drop)
    .map_err(|error| wrong(error.to_string()))
}

/// Whether a certificate of a bundle can prove anything at this time.
fn valid_authority(der: &Arc<[u8]>, now: Timestamp) -> bool {
    check_authority(der, 0).is_ok()
        && read(der, 0).is_ok_and(|certificate| {
            let validity = certificate.validity();
            (validity.not_before.timestamp()..=validity.not_after.timestamp())
                .contains(&now.as_second())
        })
}

/// What the standard asks of a signing certificate.
pub(crate) fn check_authority(der: &[u8], place: usize) -> Result<(), X509Error> {
    let certificate = read(der, place)?;
    let constraints = certificate.basic_constraints().ok().flatten();
    if !constraints.is_some_and(|found| found.value.ca) {
        return Err(X509Error::Usage(
            "a certificate that signs is an authority, this one is not",
        ));
    }
    let usage = certificate.key_usage().ok().flatten();
    // A key without a usage may be used for anything (RFC 5280 section 4.2.1.3); the standard
    // asks for one, so it is refused.
    if !usage.is_some_and(|found| found.value.key_cert_sign()) {
        return Err(X509Error::Usage(
            "the key of a signing certificate is for signing certificates",
        ));
    }
    let ids = uris(&certificate)?;
    for uri in ids.iter().filter(|uri| uri.starts_with("spiffe:")) {
        let id: SpiffeId = uri.trim_end_matches('/').parse().map_err(X509Error::Id)?;
        if !id.path().is_empty() {
            return Err(X509Error::AuthorityPath);
        }
    }
    Ok(())
}

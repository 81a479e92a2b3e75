//! An authority above ours, from files: ours is then an intermediate.

use std::path::Path;

use jiff::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::sign::SignError;
use super::state::Der;
use crate::spiffe::jwk::VerifyingKey;
use crate::spiffe::x509;

/// The most certificates in one file.
const MOST_CERTIFICATES: usize = 8;

/// An authority whose key is in a file.
#[derive(Debug)]
pub struct Upstream {
    issuer: Issuer<'static, KeyPair>,
    /// Intermediates that are sent along: its own certificate, unless that is the root.
    pub(crate) chain: Vec<Vec<u8>>,
    /// What is published.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) expires: Timestamp,
}

/// Why an authority above cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the upstream authority in `{path}` cannot be used: {reason}")]
pub struct UpstreamError {
    path: String,
    reason: String,
}

impl Upstream {
    /// Reads PEM files: the certificate of the authority, followed by intermediates if it is not a
    /// root; its key; and the root certificates, unless the first certificate is one.
    ///
    /// # Errors
    /// Says which file cannot be used and why.
    pub fn read(
        certificate: &Path,
        key: &Path,
        roots: Option<&Path>,
    ) -> Result<Self, UpstreamError> {
        let chain = certificates(certificate)?;
        let pem = std::fs::read_to_string(key).map_err(|error| wrong(key, &error))?;
        let pair = KeyPair::from_pem(&Zeroizing::new(pem)).map_err(|error| wrong(key, &error))?;
        let own = chain
            .first()
            .ok_or_else(|| wrong(certificate, &"it is empty"))?;
        let parsed = x509::read(own, 0).map_err(|error| wrong(certificate, &error))?;
        if parsed.public_key().raw != pair.subject_public_key_info() {
            return Err(wrong(key, &"it is not the key of the certificate"));
        }
        let end = parsed.validity().not_after.timestamp();
        let expires = Timestamp::from_second(end).map_err(|error| wrong(certificate, &error))?;
        let is_root = parsed.subject() == parsed.issuer();
        let issuer = Issuer::from_ca_cert_der(&CertificateDer::from_slice(own), pair)
            .map_err(|error| wrong(certificate, &error))?;
        let roots = match roots {
            Some(path) => certificates(path)?,
            None if is_root => vec![own.clone()],
            None => {
                let reason = "it is not a root; name the file with the root certificates too";
                return Err(wrong(certificate, &reason));
            }
        };
        Ok(Self {
            issuer,
            chain: if is_root { Vec::new() } else { chain },
            roots,
            expires,
        })
    }

    pub(crate) fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<Der, SignError> {
        let mut params = params.clone();
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(key, &self.issuer);
        let certificate = certificate.map_err(|_| SignError::Crypto)?;
        Ok(Der(certificate.der().to_vec()))
    }
}

/// Certificates of authorities.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, UpstreamError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(path, &error));
    let found = found?;
    if found.is_empty() || found.len() > MOST_CERTIFICATES {
        let reason = format!("it holds one to {MOST_CERTIFICATES} certificates in PEM");
        return Err(wrong(path, &reason));
    }
    for (place, der) in found.iter().enumerate() {
        x509::check_authority(der, place).map_err(|error| wrong(path, &error))?;
        let parsed = x509::read(der, place).map_err(|error| wrong(path, &error))?;
        if VerifyingKey::from_spki(parsed.public_key()).is_none() {
            let reason = "its key is not P-256, P-384, P-521 or RSA of 2048 bits or more";
            return Err(wrong(path, &reason));
        }
    }
    Ok(found.iter().map(|der| der.to_vec()).collect())
}

fn wrong(path: &Path, reason: &dyn std::fmt::Display) -> UpstreamError {
    UpstreamError {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

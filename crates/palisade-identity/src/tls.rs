//! What every verifier of certificates in TLS has in common.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error, OtherError};

use crate::spiffe::{Bundles, SpiffeId, verify_x509};

/// The methods of a rustls verifier that prove the handshake's signature, by the algorithms of the
/// verifier's `provider`.
macro_rules! signatures_by_provider {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            let algorithms = &self.provider.signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

pub(crate) use signatures_by_provider;

/// Whose X509-SVID a peer shows, proved by these bundles.
pub(crate) fn proven(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    bundles: &Bundles,
    now: Timestamp,
) -> Result<SpiffeId, Error> {
    let mut chain = vec![leaf.as_ref()];
    chain.extend(intermediates.iter().map(AsRef::as_ref));
    let seen = verify_x509(&chain, bundles, now).map_err(refused)?;
    Ok(seen.id)
}

/// Why a certificate is not taken, as TLS says it.
pub(crate) fn refused(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

//! Takes an agent for proven when it holds an X509-SVID of the own trust domain.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};

use crate::server::{AGENTS, Server};
use crate::spiffe::{Bundles, SpiffeId, verify_x509};

/// Verifies agents against the bundle as it is at the moment.
pub(super) struct Agents {
    pub(super) server: Arc<Server>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agents")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an agent")]
struct NoAgent(SpiffeId);

impl ClientCertVerifier for Agents {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// An agent that is not attested yet has none.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut chain = vec![leaf.as_ref()];
        chain.extend(intermediates.iter().map(AsRef::as_ref));
        let own = Arc::clone(&self.server.authority().subscribe().borrow().bundle);
        let bundles = Bundles::from([(own.trust_domain.clone(), own)]);
        let other = |error: Arc<dyn std::error::Error + Send + Sync>| {
            Error::InvalidCertificate(CertificateError::Other(OtherError(error)))
        };
        let seen = verify_x509(&chain, &bundles, self.server.now());
        let seen = seen.map_err(|error| other(Arc::new(error)))?;
        if seen.id.path().starts_with(AGENTS) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(other(Arc::new(NoAgent(seen.id))))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

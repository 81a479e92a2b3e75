//! Mutual TLS by X509-SVIDs: both sides show one.

use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme,
};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Wire;
use crate::endpoint::answers;
use crate::spiffe::{Bundles, leaf_identity, verify_x509};
use crate::{Holdings, SpiffeId};

/// One handshake, by the documents of the moment.
pub(super) struct Handshake(TlsAcceptor);

impl Handshake {
    /// Prepares a handshake; nothing while there are no own documents.
    pub(super) fn new(own: &watch::Receiver<Arc<Holdings>>, now: Timestamp) -> Option<Self> {
        let holdings = Arc::clone(&own.borrow());
        let svid = holdings.svids.first()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = SpiffeClients {
            bundles: answers::trusted(&holdings).ok()?,
            now,
            provider: Arc::clone(&provider),
        };
        let chain = svid.chain.iter();
        let chain = chain
            .map(|der| CertificateDer::from(der.to_vec()))
            .collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(svid.key.to_vec()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?
            .with_client_cert_verifier(Arc::new(clients))
            .with_single_cert(chain, key)
            .ok()?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Some(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The connection, with who is at its other end; nothing when nobody is proven.
    pub(super) async fn accept(
        self,
        wire: Pin<Box<dyn Wire>>,
    ) -> Option<(TlsStream<Pin<Box<dyn Wire>>>, SpiffeId)> {
        let stream = self.0.accept(wire).await.ok()?;
        let leaf = stream.get_ref().1.peer_certificates()?.first()?;
        let id = leaf_identity(leaf).ok()?.id;
        Some((stream, id))
    }
}

/// Takes a client for proven when an authority of its trust domain signed its X509-SVID.
#[derive(Debug)]
struct SpiffeClients {
    bundles: Bundles,
    now: Timestamp,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for SpiffeClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut chain = vec![leaf.as_ref()];
        chain.extend(intermediates.iter().map(AsRef::as_ref));
        match verify_x509(&chain, &self.bundles, self.now) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(error) => {
                let error = OtherError(Arc::new(error));
                Err(Error::InvalidCertificate(CertificateError::Other(error)))
            }
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
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

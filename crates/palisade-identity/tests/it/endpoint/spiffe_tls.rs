//! A TLS client that shows an X509-SVID and takes one of a certain id.

use std::sync::Arc;

use palisade_identity::spiffe::{Bundles, verify_x509};
use palisade_identity::{Clock as _, Holdings, SpiffeId, SystemClock};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

pub(super) fn connector(own: &Holdings, server: &str) -> TlsConnector {
    let svid = own.svids.first().expect("a document");
    let bundle = own.own.clone().expect("a bundle");
    let server = Server {
        id: server.parse().expect("an id"),
        bundles: Bundles::from([(bundle.trust_domain.clone(), bundle)]),
    };
    let chain = svid
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.to_vec()));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(svid.key.to_vec()));
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(server))
        .with_client_auth_cert(chain.collect(), key)
        .expect("a key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[derive(Debug)]
struct Server {
    id: SpiffeId,
    bundles: Bundles,
}

impl ServerCertVerifier for Server {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match verify_x509(&[leaf.as_ref()], &self.bundles, SystemClock.now()) {
            Ok(seen) if seen.id == self.id => Ok(ServerCertVerified::assertion()),
            other => Err(Error::General(format!("{other:?}"))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = aws_lc_rs::default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

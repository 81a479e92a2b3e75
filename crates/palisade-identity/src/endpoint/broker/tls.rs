//! Mutual TLS by X509-SVIDs: both sides show one.

use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, Error, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Wire;
use crate::endpoint::answers;
use crate::spiffe::{Bundles, leaf_identity};
use crate::tls::{proven, signatures_by_provider};
use crate::{Holdings, SpiffeId};

/// One handshake, by the documents of the moment.
pub(super) struct Handshake(TlsAcceptor);

impl Handshake {
    /// Prepares a handshake; nothing while there are no own documents.
    pub(super) fn new(holdings: &Holdings, now: Timestamp) -> Option<Self> {
        let svid = holdings.svids.first()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = SpiffeClients {
            bundles: answers::trusted(holdings).ok()?,
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
    ) -> Option<(TlsStream<Pin<Box<dyn Wire>>>, Shown)> {
        let stream = self.0.accept(wire).await.ok()?;
        let chain = stream.get_ref().1.peer_certificates()?.iter();
        let chain: Vec<_> = chain.map(|one| one.clone().into_owned()).collect();
        let seen = leaf_identity(chain.first()?).ok()?;
        let shown = Shown {
            id: seen.id,
            ends: seen.not_after,
            chain,
        };
        Some((stream, shown))
    }
}

/// The document that a client showed.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) id: SpiffeId,
    pub(super) ends: Timestamp,
    chain: Vec<CertificateDer<'static>>,
}

impl Shown {
    /// Whether it still proves its holder.
    pub(super) fn is_good(&self, holdings: &Holdings, now: Timestamp) -> bool {
        let Some((leaf, intermediates)) = self.chain.split_first() else {
            return false;
        };
        let Ok(bundles) = answers::trusted(holdings) else {
            return false;
        };
        now < self.ends && proven(leaf, intermediates, &bundles, now).is_ok()
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
        proven(leaf, intermediates, &self.bundles, self.now)?;
        Ok(ClientCertVerified::assertion())
    }

    signatures_by_provider!();
}

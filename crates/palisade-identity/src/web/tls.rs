//! TLS of the server: a certificate from files, or an X509-SVID of its own authority.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use palisade_http::pem;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use super::WebError;
use crate::authority::{Authority, X509Request, is_rotation_due};
use crate::clock::Clock;
use crate::spiffe::SpiffeId;

/// Who the server says it is.
#[derive(Debug, Clone)]
pub enum ServerIdentity {
    /// A certificate that browsers and clouds know, in PEM; the files are read again when they
    /// change (profile `https_web`).
    Files {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// An X509-SVID of the authority, renewed as every other (profile `https_spiffe`).
    Svid {
        /// The authority that signs.
        authority: Arc<Authority>,
        /// Who the server is.
        id: SpiffeId,
        /// The time for rotation.
        clock: Arc<dyn Clock>,
    },
}

/// A certificate and what tells whether it is still the right one.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    mark: Mark,
}

#[derive(Debug, PartialEq, Eq)]
enum Mark {
    Files(Vec<Option<SystemTime>>),
    Svid {
        not_before: Timestamp,
        not_after: Timestamp,
        signer: Arc<str>,
    },
}

/// TLS whose certificate follows its source.
#[derive(Debug)]
pub(super) struct ServerTls {
    identity: ServerIdentity,
    current: ArcSwap<Loaded>,
}

impl ServerTls {
    pub(super) fn new(identity: ServerIdentity) -> Result<Self, WebError> {
        let current = ArcSwap::from_pointee(load(&identity)?);
        Ok(Self { identity, current })
    }

    /// The acceptor of the next connection. Where a new certificate cannot be had, such as in the
    /// middle of a change of files, the one in use stays.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.load_full();
        if self.is_stale(&current.mark)
            && let Ok(next) = load(&self.identity)
        {
            let config = Arc::clone(&next.config);
            self.current.store(Arc::new(next));
            return TlsAcceptor::from(config);
        }
        TlsAcceptor::from(Arc::clone(&current.config))
    }

    fn is_stale(&self, mark: &Mark) -> bool {
        match (&self.identity, mark) {
            (ServerIdentity::Files { certificate, key }, mark) => {
                *mark != Mark::Files(pem::stamp([&**certificate, key]))
            }
            (
                ServerIdentity::Svid {
                    authority, clock, ..
                },
                Mark::Svid {
                    not_before,
                    not_after,
                    signer,
                },
            ) => {
                // A tainted key goes on here until the certificate is due: readers that know only
                // that key could not read the bundle that replaces it.
                let published = authority.subscribe();
                let gone = !published.borrow().is_trusted(signer);
                gone || is_rotation_due(*not_before, *not_after, 100, clock.now())
            }
            (ServerIdentity::Svid { .. }, Mark::Files(_)) => true,
        }
    }
}

fn load(identity: &ServerIdentity) -> Result<Loaded, WebError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    match identity {
        ServerIdentity::Files { certificate, key } => {
            // The stamp is taken first, so that a change during reading is seen as one.
            let mark = Mark::Files(pem::stamp([&**certificate, key]));
            let chain = pem::certificates(certificate)?;
            Ok(Loaded {
                config: config(chain, pem::private_key(key)?, provider)?,
                mark,
            })
        }
        ServerIdentity::Svid { authority, id, .. } => {
            let signed = authority.sign_x509(&X509Request::new(id))?;
            let svid = signed.document;
            let chain = svid
                .chain
                .iter()
                .map(|der| CertificateDer::from(der.to_vec()));
            let key = PrivatePkcs8KeyDer::from(svid.key.to_vec());
            Ok(Loaded {
                config: config(chain.collect(), key.into(), provider)?,
                mark: Mark::Svid {
                    not_before: svid.not_before,
                    not_after: svid.not_after,
                    signer: signed.authority,
                },
            })
        }
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, WebError> {
    let unusable = |error: rustls::Error| WebError::Unusable(error.to_string());
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(unusable)?;
    let resolver = rustls::sign::SingleCertAndKey::from(certified);
    // INVARIANT: clients are never asked for a certificate (Federation sections 5.2.1.3, 5.2.2.3).
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

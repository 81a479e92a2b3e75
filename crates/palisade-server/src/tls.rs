//! TLS from files that are read again when they change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use palisade_http::pem::{self, PemError};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// The files that TLS is made from, all in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Authorities whose client certificates are required; `None` asks for none.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file does not read as PEM of the right kind.
    #[error(transparent)]
    File(#[from] PemError),
    /// The files do not fit together.
    #[error("the certificate and key cannot be used: {0}")]
    Unusable(String),
}

/// A TLS acceptor whose certificate follows its files.
#[derive(Debug)]
pub(crate) struct Reloading {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
    stamp: ArcSwap<Vec<Option<SystemTime>>>,
}

impl Reloading {
    pub(crate) fn new(files: TlsFiles) -> Result<Self, TlsError> {
        // The stamp is taken first, so that a change during reading is seen as one.
        let stamp = stamp(&files);
        let config = load(&files)?;
        Ok(Self {
            files,
            current: ArcSwap::from(config),
            stamp: ArcSwap::from_pointee(stamp),
        })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Reads the files again if they changed; whether they were taken over. Files that do not fit
    /// (half of a rotation) leave the certificate that is in use.
    pub(crate) fn refresh(&self) -> Result<bool, TlsError> {
        let stamp = stamp(&self.files);
        if stamp == **self.stamp.load() {
            return Ok(false);
        }
        let config = load(&self.files)?;
        self.current.store(config);
        self.stamp.store(Arc::new(stamp));
        Ok(true)
    }
}

fn stamp(files: &TlsFiles) -> Vec<Option<SystemTime>> {
    let paths = [&files.certificate, &files.key].into_iter();
    pem::stamp(paths.chain(&files.client_ca).map(PathBuf::as_path))
}

fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = pem::certificates(&files.certificate)?;
    let key = pem::private_key(&files.key)?;
    let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in pem::certificates(path)? {
                roots.add(certificate).map_err(unusable)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| TlsError::Unusable(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

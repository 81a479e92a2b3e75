//! Proves a server by its X509-SVID.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::Error;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::spiffe::{Bundles, SpiffeId};
use crate::tls::{proven, refused, signatures_by_provider};

/// Takes a server for proven when it holds an X509-SVID of this id.
#[derive(Debug)]
pub(super) struct SpiffeServer {
    pub(super) id: SpiffeId,
    pub(super) bundles: Bundles,
    pub(super) now: Timestamp,
    pub(super) provider: Arc<CryptoProvider>,
}

#[derive(Debug, thiserror::Error)]
#[error("the server is `{0}`, which is not whom it should be")]
struct Other(SpiffeId);

impl ServerCertVerifier for SpiffeServer {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        // The name in the address says where the server is, not who it is.
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = proven(leaf, intermediates, &self.bundles, self.now)?;
        if seen == self.id {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(refused(Other(seen)))
        }
    }

    signatures_by_provider!();
}

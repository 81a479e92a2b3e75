//! Takes an agent for proven when it holds an X509-SVID of the own trust domain.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, Error};

use crate::server::{AGENTS, Server};
use crate::spiffe::{Bundles, SpiffeId};
use crate::tls::{proven, refused, signatures_by_provider};

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
        let own = Arc::clone(&self.server.authority().subscribe().borrow().bundle);
        let bundles = Bundles::from([(own.trust_domain.clone(), own)]);
        let seen = proven(leaf, intermediates, &bundles, self.server.now())?;
        if seen.path().starts_with(AGENTS) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(refused(NoAgent(seen)))
        }
    }

    signatures_by_provider!();
}

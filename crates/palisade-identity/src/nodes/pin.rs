//! The key by which agents know the servers of a trust domain.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::NodesError;
use crate::store::Store;

/// Characters of a pin.
pub(crate) const PIN_LENGTH: usize = 43;
/// The name of the key in the store.
const SECRET: &str = "nodes-server-key";

/// The digest of a server's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a key: SubjectPublicKeyInfo in DER.
    pub(crate) fn of(public_key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, public_key).as_ref());
        Self(bytes)
    }

    /// Whether this is the same key.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| {
            format!("a server's pin has {PIN_LENGTH} characters: `palisade identity token create` prints it")
        })
    }
}

/// The servers' key with its certificate.
pub(crate) struct ServerKey {
    pub(crate) pin: Pin,
    pub(super) certificate: CertificateDer<'static>,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl ServerKey {
    pub(crate) async fn open(store: &Store) -> Result<Self, NodesError> {
        let new = KeyPair::generate().map_err(|_| NodesError::Key)?;
        let new = Zeroizing::new(new.serialize_der());
        let pkcs8 = store.secret(SECRET, &new).await?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice()));
        let pair = KeyPair::try_from(&der).map_err(|_| NodesError::Key)?;
        let mut params =
            CertificateParams::new(vec!["palisade".to_owned()]).map_err(|_| NodesError::Key)?;
        params.distinguished_name = DistinguishedName::new();
        let certificate = params.self_signed(&pair).map_err(|_| NodesError::Key)?;
        Ok(Self {
            pin: Pin::of(&pair.subject_public_key_info()),
            certificate: certificate.der().clone(),
            pkcs8,
        })
    }

    pub(super) fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pkcs8.to_vec()))
    }
}

//! The documents that carry an identity.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::SpiffeId;

/// An X.509 document with the key that belongs to it.
#[derive(Clone)]
pub struct X509Svid {
    /// The identity.
    pub id: SpiffeId,
    /// The leaf first, then intermediates; DER.
    pub chain: Vec<Arc<[u8]>>,
    /// PKCS#8 in DER.
    pub key: Arc<Zeroizing<Vec<u8>>>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Tells several documents of one workload apart.
    pub hint: String,
}

impl fmt::Debug for X509Svid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("X509Svid")
            .field("id", &self.id)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// A signed token; the text is a secret.
#[derive(Clone)]
pub struct JwtSvid {
    /// The identity.
    pub id: SpiffeId,
    /// The compact serialisation.
    pub token: Zeroizing<String>,
    /// Until when it is valid.
    pub expires: Timestamp,
    /// Tells several documents of one workload apart.
    pub hint: String,
}

impl fmt::Debug for JwtSvid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSvid")
            .field("id", &self.id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

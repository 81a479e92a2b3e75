//! What a trust domain publishes so that others can verify its documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::TrustDomain;

/// A key that verifies JWT-SVIDs, as it stands in a JWKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtAuthority {
    /// The key id, `kid` in tokens and in the JWKS.
    pub key_id: String,
    /// The public key as a JWK object without `kid` and `use`.
    pub jwk: serde_json::Map<String, serde_json::Value>,
}

/// The bundle of one trust domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Whose bundle it is.
    pub trust_domain: TrustDomain,
    /// X.509 authorities, each one certificate in DER.
    pub x509_authorities: Vec<Arc<[u8]>>,
    /// JWT authorities.
    pub jwt_authorities: Vec<JwtAuthority>,
    /// Grows with every change.
    pub sequence: Option<u64>,
    /// How soon to look again.
    pub refresh_hint: Option<Duration>,
}

/// The own bundle and the federated ones.
pub type Bundles = BTreeMap<TrustDomain, Arc<Bundle>>;

//! The SPIFFE standards: identities, documents that carry them and bundles that prove them.

mod bundle;
mod id;
mod json;
pub(crate) mod jwk;
pub(crate) mod jwt;
mod svid;
pub(crate) mod x509;

pub use bundle::{
    Bundle, BundleError, Bundles, JwtAuthority, KeyUse, LARGEST_BUNDLE, ReadBundle,
    bundles_from_json, bundles_to_json,
};
pub(crate) use id::LONGEST_ID;
pub use id::{IdError, SpiffeId, TrustDomain};
pub use jwt::{
    Algorithm, JwtError, JwtIdentity, LONGEST_AUDIENCE, LONGEST_TOKEN, MOST_AUDIENCES, Unverified,
    verify_jwt,
};
pub use svid::{JwtSvid, X509Svid};
pub use x509::{X509Error, X509Identity, leaf_identity, verify_x509};

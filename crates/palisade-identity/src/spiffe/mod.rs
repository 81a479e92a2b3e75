//! The SPIFFE standards: identities, documents that carry them and bundles that prove them.

mod bundle;
mod id;
mod svid;

pub use bundle::{Bundle, Bundles, JwtAuthority};
pub use id::{IdError, SpiffeId, TrustDomain};
pub use svid::{JwtSvid, X509Svid};

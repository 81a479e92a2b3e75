//! Issues and verifies workload identities as the SPIFFE standards say.
//!
//! A process that connects is attested ([`Attributes`]), entries turn what was seen into a
//! [`SpiffeId`], and an [`authority`] signs for it.

pub mod admin;
pub mod agent;
pub mod attest;
mod attributes;
mod attributes_file;
pub mod authority;
mod clock;
#[cfg(target_os = "linux")]
pub mod endpoint;
pub mod entries;
pub mod evidence;
pub mod explain;
mod fields;
mod issuer;
mod issuing;
mod nodes;
mod quota;
pub mod server;
pub mod spiffe;
pub mod store;
mod tls;
pub mod web;

pub use attributes::{Attribute, AttributeError, Attributes};
pub use attributes_file::read_attributes;
pub use clock::{Clock, ManualClock, SystemClock};
pub use issuer::{Answer, Holdings, Issuer, Refusal};
pub use spiffe::{IdError, SpiffeId, TrustDomain};

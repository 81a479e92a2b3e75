//! Behaviour of the identity crate.

mod authority;
mod authority_disk;
mod bundle;
mod entries;
mod jwt_svid;
#[cfg(target_os = "linux")]
mod endpoint;
mod made;
mod spiffe_id;
mod x509_svid;

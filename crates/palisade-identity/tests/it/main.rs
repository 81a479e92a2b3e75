//! Behaviour of the identity crate.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

#[cfg(target_os = "linux")]
mod attested;
mod authority;
mod authority_disk;
mod authority_store;
mod bundle;
#[cfg(target_os = "linux")]
mod endpoint;
mod entries;
mod evidence;
mod explaining;
mod jwt_svid;
mod made;
#[cfg(target_os = "linux")]
mod nodes;
mod postgres;
mod pushing;
mod seeds;
mod server;
mod spiffe_id;
mod spool;
mod standards;
mod store;
mod web;
mod x509_svid;

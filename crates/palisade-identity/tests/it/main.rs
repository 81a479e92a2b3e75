//! Behaviour of the identity crate.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod authority;
mod authority_disk;
mod bundle;
#[cfg(target_os = "linux")]
mod endpoint;
mod entries;
mod evidence;
mod explaining;
mod jwt_svid;
mod made;
mod nodes;
mod postgres;
mod server;
mod spiffe_id;
mod store;
mod web;
mod x509_svid;

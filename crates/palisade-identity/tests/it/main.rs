//! Behaviour of the identity crate.

mod authority;
#[cfg(target_os = "linux")]
mod endpoint;
mod made;
mod spiffe_id;

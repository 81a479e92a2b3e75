//! Behaviour of the identity crate.

#[cfg(target_os = "linux")]
mod endpoint;
mod spiffe_id;

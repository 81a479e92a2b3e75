//! Behaviour of the identity crate.

mod entries;
mod spiffe_id;

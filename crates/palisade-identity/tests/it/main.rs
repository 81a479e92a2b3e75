//! Behaviour of the identity crate.

mod spiffe_id;

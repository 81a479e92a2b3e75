//! Tests of the identity crate on real parts.

mod postgres;
mod store;
mod authority;
mod made;
mod spiffe_id;

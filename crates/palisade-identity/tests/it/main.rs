//! Tests of the identity crate on real parts.

mod postgres;
mod store;
mod authority;
mod made;
//! Behaviour of the identity crate.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod entries;
mod spiffe_id;

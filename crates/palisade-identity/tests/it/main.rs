//! Behaviour of the identity crate.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod entries;
mod evidence;
mod explaining;
mod spiffe_id;

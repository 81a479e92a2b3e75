//! Behaviour of the identity crate.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod authority;
mod entries;
mod evidence;
mod explaining;
mod made;
mod spiffe_id;

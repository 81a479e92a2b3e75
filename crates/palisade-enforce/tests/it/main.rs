//! What targets make of small systems.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod identity;
mod seal;

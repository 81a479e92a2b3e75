//! What the generic syntaxes read, where they place it, and how they fail.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod shown;
mod yaml;

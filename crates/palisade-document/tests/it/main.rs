//! What the generic syntaxes read, where they place it, and how they fail.
#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod any_text;
mod corpora;
mod hostile;
mod json;
mod mistakes;
mod seeds;
mod shown;
mod yaml;

//! Integration tests.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and the runs over whole systems show what they found"
)]

mod accounts;
mod admission;
mod attachment;
mod corpora;
mod delivery;
mod dockerfile;
mod entries;
mod guards;
mod kubernetes;
mod mesh;
mod model;
mod named;
mod rendering;
mod walking;

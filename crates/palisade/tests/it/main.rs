//! The real binary on small systems of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot run fails"
)]

mod commands;
mod examples;
mod exceptions;
mod exits;
mod fixes;
mod formats;
mod guardrails;
mod identity;
#[cfg(target_os = "linux")]
mod identity_operate;
#[cfg(target_os = "linux")]
mod identity_serve;
mod policy;
mod rendering;
mod system;

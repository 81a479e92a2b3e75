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
mod gate;
mod guardrails;
mod identity;
#[cfg(target_os = "linux")]
mod identity_agents;
#[cfg(target_os = "linux")]
mod identity_brokers;
#[cfg(target_os = "linux")]
mod identity_evidence;
#[cfg(target_os = "linux")]
mod identity_operate;
#[cfg(target_os = "linux")]
mod identity_others;
#[cfg(target_os = "linux")]
mod identity_serve;
#[cfg(target_os = "linux")]
mod identity_spool;
#[cfg(target_os = "linux")]
mod identity_state;
#[cfg(target_os = "linux")]
mod identity_web;
#[cfg(target_os = "linux")]
mod kubernetes_api;
mod policy;
mod policy_memory;
#[cfg(target_os = "linux")]
#[path = "../../../palisade-identity/tests/it/postgres.rs"]
mod postgres;
mod rendering;
mod serve;
mod system;

//! Serves Palisade over HTTP: today the Kubernetes admission webhook.
//!
//! Start at [`admission::serve`]: TLS with certificates that are read again when they change, policies
//! that are loaded again when they change, metrics, and a log of every decision.
//!
//! **Invariant:** this crate decides nothing; decisions come from `palisade-policy`.
//! **Invariant:** it reads no clock and no setting; both are handed in.

pub mod admission;
mod decision_log;
mod evaluations;
mod metrics;
mod tls;
mod watch;

pub use crate::tls::{TlsError, TlsFiles};

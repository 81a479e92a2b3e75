//! Kyverno's policies, run unmodified.

pub(crate) mod request;

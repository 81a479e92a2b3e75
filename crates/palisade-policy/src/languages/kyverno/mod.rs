//! Kyverno's policies, run unmodified.

mod images;
mod jmespath;
pub(crate) mod request;
mod scalars;

//! Kyverno's policies, run unmodified.

mod cel_policies;
mod conditions;
mod facts;
mod images;
mod jmespath;
mod pattern;
pub(crate) mod request;
mod scalars;
mod scope;
mod template;

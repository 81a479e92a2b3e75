//! Kyverno's policies, run unmodified.

mod autogen;
mod conditions;
mod engine;
mod exceptions;
mod facts;
mod generate;
mod images;
mod jmespath;
mod matching;
mod mutate;
mod pattern;
mod podsecurity;
mod policy;
mod references;
pub(crate) mod request;
mod response;
mod scalars;
mod scope;
mod template;
mod validate;
mod verify;

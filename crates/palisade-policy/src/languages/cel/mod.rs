//! The Common Expression Language, with the libraries of Kubernetes and Kyverno: an engine of our
//! own, since the language's semantics decide admissions.
//!
//! An expression is read ([`parser`]), its names are resolved and its macros become nodes
//! ([`resolve`]), and [`machine`] evaluates the nodes over borrowed values. Functions are data
//! ([`overload`]); each library is one module.

mod access;
pub(crate) mod admission;
mod conformance;
mod environment;
mod fault;
mod foreign;
mod lexer;
mod library;
mod loops;
mod machine;
mod macros;
mod node;
mod operators;
mod overload;
mod parser;
pub(crate) mod policies;
mod program;
mod quoted;
mod regexes;
mod resolve;
mod scope;
mod syntax;
mod value;

pub(crate) use self::environment::Environment;
pub(crate) use self::library::lookups::plural;
pub(crate) use self::overload::Dialect;
pub(crate) use self::program::Program;
pub(crate) use self::scope::Scope;
pub(crate) use self::value::Val;
use crate::language::Language;

/// Kubernetes' own admission policies.
pub(crate) const LANGUAGE: Language = Language {
    name: "cel",
    discover: policies::discover,
    compile: policies::compile,
    // Their tests are written in the layout of Kyverno's command line, which that language runs.
    test: |_, _| Ok(Vec::new()),
    material: |_| Vec::new(),
    conformance: &[("cel", conformance::conform)],
};

#[cfg(test)]
mod tests;

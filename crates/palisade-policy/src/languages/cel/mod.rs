//! The Common Expression Language, with the libraries of Kubernetes and Kyverno: an engine of our
//! own, since the language's semantics decide admissions.
//!
//! An expression is read ([`parser`]), its names are resolved and its macros become nodes
//! ([`resolve`]), and [`machine`] evaluates the nodes over borrowed values. Functions are data
//! ([`overload`]); each library is one module.

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
mod program;
mod quoted;
mod regexes;
mod resolve;
mod scope;
mod syntax;
mod value;

pub(crate) use self::environment::{Composed, Environment, Facts, Generated};
pub(crate) use self::fault::{Fault, Mistake};
pub(crate) use self::overload::Dialect;
pub(crate) use self::program::{Judged, Program};
pub(crate) use self::scope::Scope;
pub(crate) use self::value::Val;

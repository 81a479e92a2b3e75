//! Rego, both dialects, with the entry points of OPA, conftest and Gatekeeper.
//!
//! A text goes through [`syntax`] (spans, annotations), checks, and [`rewrite`], which says in
//! words that the engine understands what it does not know or has wrong; [`engine`] is the only
//! place that knows which engine it is.

mod asking;
mod broken;
mod builtins;
mod bundle;
mod checks;
mod compiled;
mod conformance;
mod conftest;
mod doubts;
mod engine;
mod functions;
mod gatekeeper;
mod joining;
mod machine_limits;
mod metadata;
mod modules;
mod places;
mod query;
mod reads;
mod recursion;
mod rewrite;
mod sound;
mod syntax;
mod term;
mod testing;
mod world;

use crate::language::Language;

pub use self::compiled::{QueryError, query};

/// The language.
pub const LANGUAGE: Language = Language {
    name: "rego",
    discover: bundle::discover,
    compile: compiled::compile,
    test: testing::test,
    material: testing::material,
    conformance: &[
        ("rego", conformance::opa_cases),
        ("gatekeeper", conformance::gatekeeper_library),
    ],
};

//! HashiCorp Sentinel: an interpreter of its own, from the public specification of the language.
//!
//! A text becomes a [`syntax::Program`] with names resolved to slots; a [`evaluation::Machine`]
//! runs it over values in an arena, fed by Terraform's imports out of a plan. Policy sets and
//! tests are read from `sentinel.hcl` and from the ecosystem's own layout of tests.

mod configuration;
mod conformance;
mod discovery;
mod doubts;
mod environment;
mod evaluation;
mod imports;
mod judgement;
mod loader;
mod own_stack;
mod places;
mod policy_set;
mod syntax;
mod terraform;
mod trials;
mod value;

use crate::language::Language;

/// The language.
pub(super) const LANGUAGE: Language = Language {
    name: "sentinel",
    discover: discovery::discover,
    compile: policy_set::compile,
    test: trials::run,
    material: |_| Vec::new(),
    conformance: &[("sentinel", conformance::score)],
};

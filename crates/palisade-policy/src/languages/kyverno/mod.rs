//! Kyverno's policies, run unmodified: `ClusterPolicy` and `Policy`, exceptions from them, and the
//! kinds whose rules are CEL.
//!
//! A policy is compiled once ([`policy`]): rules for pod controllers are written out ([`autogen`]),
//! values with variables become templates ([`template`]), expressions are compiled
//! ([`jmespath`]). A request ([`request`]) is judged rule by rule ([`engine`]) in a scope that
//! expressions read ([`scope`]); what the cluster or a registry would say comes from facts that
//! were handed in ([`facts`]).

mod autogen;
mod cel_policies;
mod cel_rule;
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
mod set;
mod stored;
mod template;
mod testing;
mod validate;
mod verify;

use crate::language::Language;

/// Kyverno.
pub(crate) const LANGUAGE: Language = Language {
    name: "kyverno",
    discover: set::discover,
    compile: set::compile,
    test: testing::test,
    material: testing::material,
    conformance: &[("kyverno", testing::conform)],
};

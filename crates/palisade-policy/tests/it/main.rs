//! Tests of the policy languages through the crate's public face.

mod rego;
mod rego_gatekeeper;
mod rego_semantics;
mod suites;

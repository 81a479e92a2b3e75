//! Tests of the policy languages through the crate's public face.

mod kyverno;
mod kyverno_seeds;
mod kyverno_suite;

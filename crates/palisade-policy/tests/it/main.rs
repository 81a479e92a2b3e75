//! Tests of the policy languages through the crate's public face.

mod cel;
mod kyverno_cel;
mod kyverno_suite;

//! Tests of the policy languages through the crate's public face.

#[cfg(test)]
mod cel;
#[cfg(test)]
mod kyverno;
#[cfg(test)]
mod kyverno_cel;
#[cfg(test)]
mod kyverno_seeds;
#[cfg(test)]
mod kyverno_suite;
mod rego;
mod rego_gatekeeper;
mod rego_semantics;
mod suites;

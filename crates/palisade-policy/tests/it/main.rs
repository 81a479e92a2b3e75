//! Tests of the policy languages through the crate's public face.

#[cfg(test)]
mod kyverno;
#[cfg(test)]
mod kyverno_seeds;
#[cfg(test)]
mod kyverno_suite;

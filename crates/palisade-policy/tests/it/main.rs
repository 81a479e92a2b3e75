//! Tests of the policy languages through the crate's public face.

#[cfg(test)]
mod cel;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod gate_exceptions;
#[cfg(test)]
mod kyverno;
#[cfg(test)]
mod kyverno_cel;
#[cfg(test)]
mod kyverno_requests;
#[cfg(test)]
mod kyverno_seeds;
#[cfg(test)]
mod kyverno_suite;
#[cfg(test)]
mod rego;
#[cfg(test)]
mod rego_budgets;
#[cfg(test)]
mod rego_builtins;
#[cfg(test)]
mod rego_chains;
#[cfg(test)]
mod rego_gatekeeper;
#[cfg(test)]
mod rego_graphql;
#[cfg(test)]
mod rego_graphql_objects;
#[cfg(test)]
mod rego_height;
#[cfg(test)]
mod rego_keypairs;
#[cfg(test)]
mod rego_semantics;
#[cfg(test)]
mod rego_sound;
#[cfg(test)]
mod rego_unseen;
#[cfg(test)]
mod sentinel;
#[cfg(test)]
mod suites;

//! Tests of the analyses over whole models.

mod exposure;
mod linkerd;
mod mesh;
mod outcomes;
mod privilege;
mod reachability;
#[cfg(test)]
mod seeds;
mod system;

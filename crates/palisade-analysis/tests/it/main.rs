//! Tests of the analyses over whole models.

mod exposure;
mod linkerd;
mod mesh;
mod outcomes;
mod privilege;
mod reachability;
mod seeds;
mod system;

//! Tests of the analyses over whole models.

mod reachability;
mod seeds;

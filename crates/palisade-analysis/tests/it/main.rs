//! Tests of the analyses over whole models.

#[cfg(test)]
mod reachability;
mod seeds;

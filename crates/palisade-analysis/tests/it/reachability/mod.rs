//! Reachability: its pitfalls one by one, and the whole against a naive evaluation.

mod counted;
mod estate;
mod naive;
mod pitfalls;
mod sparse;
mod tiers;

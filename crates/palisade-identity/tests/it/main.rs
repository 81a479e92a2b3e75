//! Tests of the identity crate on real parts.

mod postgres;
mod store;

//! Serves routers over HTTPS to peers who may be hostile.
//!
//! Start at [`serve`]: connections within [`Bounds`], ended gracefully. [`pem`] reads the files that
//! TLS is made from.
//!
//! **Invariant:** no peer keeps others out: connections are bounded, together and by address, and
//! each has an end.

mod listener;
pub mod pem;

pub use listener::{Bounds, serve};

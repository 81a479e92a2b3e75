//! Serves routers over HTTPS to peers who may be hostile.
//!
//! Start at [`serve`]: connections within [`Bounds`], ended gracefully. [`pem`] reads the files that
//! TLS is made from.
//!
//! **Invariant:** no peer keeps others out: connections are bounded, together and by address, each
//! has an end, and those on which nothing is asked go when others come.

mod listener;
pub mod pem;
pub mod strangers;

pub use listener::{Bounds, serve};

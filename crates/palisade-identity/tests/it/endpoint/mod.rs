//! The endpoints, talked to by real clients over real sockets.

mod attacks;
mod calls;
mod envoy;
mod musts;
mod others;
mod python;
mod stand;

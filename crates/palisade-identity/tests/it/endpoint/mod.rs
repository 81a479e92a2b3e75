//! The endpoints, talked to by real clients over real sockets.

mod attacks;
mod brokers;
mod calls;
pub(crate) mod cluster;
mod envoy;
mod floods;
mod hostile;
mod musts;
mod others;
pub(crate) mod pods;
mod python;
mod raw;
mod sds;
mod sds_changes;
mod spiffe_tls;
mod stand;

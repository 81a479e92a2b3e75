//! The messages and services that are compiled from `proto/`.

#![expect(
    clippy::pedantic,
    unreachable_pub,
    unused_qualifications,
    reason = "the code is generated"
)]

/// The SPIFFE Workload API.
pub(crate) mod workload {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));
}

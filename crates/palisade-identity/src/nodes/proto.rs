//! The messages and services that are compiled from `proto/nodes.proto`.

#![expect(
    clippy::pedantic,
    unreachable_pub,
    unused_qualifications,
    reason = "the code is generated"
)]

include!(concat!(env!("OUT_DIR"), "/palisade.identity.v1.rs"));

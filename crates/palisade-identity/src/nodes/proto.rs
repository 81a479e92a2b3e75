//! The messages and services that are compiled from `proto/nodes.proto`.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::empty_structs_with_brackets,
    clippy::excessive_nesting,
    clippy::pedantic,
    unreachable_pub,
    unused_qualifications,
    reason = "the code is generated"
)]

include!(concat!(env!("OUT_DIR"), "/palisade.identity.v1.rs"));

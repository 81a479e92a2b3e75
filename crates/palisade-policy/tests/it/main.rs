//! Tests of the policy languages through the crate's public face.

mod sentinel;

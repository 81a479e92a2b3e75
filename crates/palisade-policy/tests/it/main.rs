//! Tests of the policy languages through the crate's public face.

#[cfg(test)]
mod sentinel;

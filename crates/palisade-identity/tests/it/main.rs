//! Behaviour of the identity crate.

mod authority;
mod made;
mod spiffe_id;

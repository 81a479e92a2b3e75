//! Behaviour of the identity crate.

mod authority;
mod entries;
mod made;
mod spiffe_id;

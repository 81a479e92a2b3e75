//! Behaviour of the identity crate.

mod authority;
mod authority_disk;
mod bundle;
mod entries;
mod jwt_svid;
mod made;
mod spiffe_id;
mod web;
mod x509_svid;

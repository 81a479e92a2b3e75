//! Behaviour of the identity crate.

mod authority;
mod authority_disk;
mod bundle;
mod jwt_svid;
mod entries;
mod made;
mod spiffe_id;
mod x509_svid;

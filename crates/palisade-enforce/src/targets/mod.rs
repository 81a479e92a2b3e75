//! The targets, one module each.

pub(crate) mod identity;

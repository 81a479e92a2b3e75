//! The scalars of Kubernetes and Go that policies compare: quantities, durations, moments,
//! wildcards; and how values are built, joined and written.

pub(crate) mod build;
pub(crate) mod duration;
pub(crate) mod moment;
pub(crate) mod quantity;
pub(crate) mod wildcard;

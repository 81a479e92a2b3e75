//! The four outcomes.

//! Fallback to libyaml.

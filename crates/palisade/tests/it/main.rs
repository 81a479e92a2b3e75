//! The real binary on small systems of its own.

mod commands;
mod exceptions;
mod exits;
mod formats;
mod system;

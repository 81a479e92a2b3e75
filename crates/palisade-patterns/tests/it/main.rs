//! The registry and the handbook, which is also the test of every check.

mod handbook;
mod page;
mod registry;

//! The registry and the handbook, which is also the test of every check.

mod coming_from;
mod handbook;
mod page;
mod registry;

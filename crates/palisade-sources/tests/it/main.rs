//! Integration tests.

mod accounts;
mod dockerfile;

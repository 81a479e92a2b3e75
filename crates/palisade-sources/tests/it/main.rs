//! Integration tests.

mod accounts;
mod dockerfile;
mod entries;
mod mesh;

//! Integration tests.

mod accounts;
mod corpora;
mod dockerfile;
mod entries;
mod kubernetes;
mod mesh;
mod model;
mod rendering;

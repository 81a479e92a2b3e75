//! One output format per module.

pub(crate) mod d2;
pub(crate) mod json;
pub(crate) mod mermaid;
pub(crate) mod svg;

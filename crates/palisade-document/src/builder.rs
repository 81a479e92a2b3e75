//! Builds the arena of a document.

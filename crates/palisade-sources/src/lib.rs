//! Reads code: one format per module turns documents into facts, each with its span.
//!
//! Start at [`read`]. Reading never fails as a whole: a [`Reading`] holds the model, an account of
//! every file, and what is wrong with the texts.
//!
//! **Invariant:** this crate judges nothing; it knows no pattern and no policy.

mod build;
mod credentials;
pub mod documents;
mod facts;
mod formats;
mod object;
mod paths;
mod reading;
mod rendering;
mod suppressions;
mod tracked;
mod walk;

pub use crate::documents::ReadDocument;
pub use crate::reading::{Options, Reading, SuppressionComment, read, read_texts};

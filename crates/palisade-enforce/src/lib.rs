//! Compiles the model into enforcement: one target per module, a model in, files out.
//!
//! **Invariant:** nothing here reads or writes a file; whoever runs a target decides what becomes of
//! its files. [`Seal`] tells a file that people changed from one that is as it was made.

mod seal;
mod targets;

use palisade_model::Model;

pub use seal::{Seal, sealed};

/// One file that a target makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFile {
    /// Its path below the target's folder, with `/`.
    pub path: String,
    /// Its text, sealed.
    pub text: String,
}

/// What a target makes of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Files, by path.
    pub files: Vec<MadeFile>,
    /// What it leaves out and why, one sentence each.
    pub notes: Vec<String>,
}

/// A way to enforce what the model says.
#[derive(Debug)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it makes.
    pub about: &'static str,
    /// The folder that its files belong into, unless somebody says otherwise.
    pub folder: &'static str,
    /// Makes the files.
    pub make: fn(&Model) -> Made,
}

/// Every target.
pub const TARGETS: &[Target] = &[targets::identity::TARGET];

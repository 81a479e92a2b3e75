//! HashiCorp Sentinel: an interpreter of its own, from the public specification of the language.

mod configuration;
mod environment;
mod evaluation;
mod imports;
mod judgement;
mod loader;
mod syntax;
mod terraform;
mod trials;
mod value;

pub use self::trials_entry::run_tests;
mod trials_entry {
    //! Temporary.
    use super::*;
    /// Runs.
    pub fn run_tests(
        folder: &crate::Folder,
    ) -> Result<Vec<crate::SuiteReport>, crate::PolicyError> {
        trials::run(folder, &crate::Settings::default())
    }
}

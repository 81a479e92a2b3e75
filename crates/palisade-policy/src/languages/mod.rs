//! The one list of policy languages: one folder and one line each.

mod cel;
mod kyverno;
pub mod rego;

use crate::language::Language;

/// All languages.
pub const ALL: &[Language] = &[rego::LANGUAGE, kyverno::LANGUAGE, cel::LANGUAGE];

/// The language of a name.
pub fn find(name: &str) -> Option<&'static Language> {
    ALL.iter().find(|language| language.name == name)
}

//! The one list of policy languages: one folder and one line each.

mod cel;
mod kyverno;
mod re2;
pub mod rego;
mod sentinel;

use crate::language::Language;

/// All languages.
pub const ALL: &[Language] = &[
    rego::LANGUAGE,
    kyverno::LANGUAGE,
    cel::LANGUAGE,
    sentinel::LANGUAGE,
];

/// The language of a name.
pub fn find(name: &str) -> Option<&'static Language> {
    ALL.iter().find(|language| language.name == name)
}

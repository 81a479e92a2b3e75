//! The one list of policy languages: one folder and one line each.

mod sentinel;

use crate::language::Language;

/// All languages.
pub const ALL: &[Language] = &[sentinel::LANGUAGE];

/// The language of a name.
pub fn find(name: &str) -> Option<&'static Language> {
    ALL.iter().find(|language| language.name == name)
}

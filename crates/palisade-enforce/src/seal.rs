//! The first line of every file that is made: a digest of the rest, so that an edit shows.

use palisade_document::text_fingerprint;

const BEGINNING: &str = "# Made by `palisade enforce` (";
const END: &str = "); once it is edited it is yours and is not overwritten.";

/// What a file's first line says of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// The file is as it was made.
    Intact,
    /// Somebody changed it, or wrote it in the first place.
    Broken,
}

impl Seal {
    /// Looks at a file.
    pub fn of(text: &str) -> Self {
        let intact = text.split_once('\n').is_some_and(|(line, rest)| {
            line.strip_prefix(BEGINNING)
                .and_then(|line| line.strip_suffix(END))
                .is_some_and(|digest| digest == text_fingerprint(rest).to_string())
        });
        if intact { Self::Intact } else { Self::Broken }
    }
}

/// A text under its seal.
pub fn sealed(text: &str) -> String {
    format!("{BEGINNING}{}{END}\n{text}", text_fingerprint(text))
}

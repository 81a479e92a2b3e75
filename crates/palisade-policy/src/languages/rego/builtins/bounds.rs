//! How much a builtin may make: what is larger ends the evaluation.

use super::super::term::Term;
use super::super::world::Fault;

/// Most bytes of what a builtin makes.
const MAX_BYTES: usize = 16 << 20;
/// Most digits of a number that a builtin makes.
pub(super) const MAX_DIGITS: usize = 10_000;

/// Why an evaluation ends whose builtin makes too much.
pub(super) fn too_large(builtin: &str) -> Fault {
    Fault::halt(format!(
        "what `{builtin}` makes is larger than {MAX_BYTES} bytes"
    ))
}

/// Why an evaluation ends whose builtin makes a number that is too long.
pub(super) fn too_many_digits(builtin: &str) -> Fault {
    Fault::halt(format!(
        "the number that `{builtin}` makes has more than {MAX_DIGITS} digits"
    ))
}

/// Holds a length against the bound before anything of that length is made.
pub(super) fn check_bytes(builtin: &str, bytes: usize) -> Result<(), Fault> {
    if bytes > MAX_BYTES {
        return Err(too_large(builtin));
    }
    Ok(())
}

/// What was made, if it is not too large.
pub(super) fn within(builtin: &str, made: Term) -> Result<Term, Fault> {
    check_bytes(builtin, made.bytes())?;
    Ok(made)
}

/// A text that grows up to the bound.
pub(super) struct Growing<'b> {
    builtin: &'b str,
    text: String,
}

impl<'b> Growing<'b> {
    pub(super) fn new(builtin: &'b str) -> Self {
        Self {
            builtin,
            text: String::new(),
        }
    }

    pub(super) fn push(&mut self, part: &str) -> Result<(), Fault> {
        check_bytes(self.builtin, self.text.len().saturating_add(part.len()))?;
        self.text.push_str(part);
        Ok(())
    }

    pub(super) fn push_letter(&mut self, letter: char) -> Result<(), Fault> {
        self.push(letter.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn into_term(self) -> Term {
        Term::Text(self.text)
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

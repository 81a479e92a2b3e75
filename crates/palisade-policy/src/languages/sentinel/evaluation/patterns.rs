//! Regular expressions: RE2's syntax, as the language has it.

use regex::Regex;

use super::super::super::re2;

/// Compiles an expression; the error is a sentence.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    re2::compile(pattern)
        .map(|compiled| compiled.regex)
        .map_err(|error| {
            let reason = error.reason();
            format!("`{pattern}` is no regular expression that can be used: {reason}")
        })
}

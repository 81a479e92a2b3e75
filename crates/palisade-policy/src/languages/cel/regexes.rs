//! The regular expressions of a program, compiled once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::Regex;

use super::super::re2;

/// The patterns that stand as literals in an expression, compiled once.
#[derive(Debug, Default)]
pub(super) struct Regexes(BTreeMap<String, Regex>);

/// Which argument of a function is a pattern (a member's receiver counts).
pub(super) fn pattern_argument(function: &str) -> Option<usize> {
    match function {
        "matches" | "find" | "findAll" | "regex.replace" | "regex.extract" | "regex.extractAll" => {
            Some(1)
        }
        _ => None,
    }
}

impl Regexes {
    /// Compiles a literal pattern.
    pub(super) fn add(&mut self, pattern: &str) -> Result<(), String> {
        if !self.0.contains_key(pattern) {
            let regex = compile(pattern)?;
            self.0.insert(pattern.to_owned(), regex);
        }
        Ok(())
    }

    /// A literal pattern, or any other compiled now.
    pub(super) fn get(&self, pattern: &str) -> Result<Cow<'_, Regex>, String> {
        match self.0.get(pattern) {
            Some(regex) => Ok(Cow::Borrowed(regex)),
            None => compile(pattern).map(Cow::Owned),
        }
    }
}

/// Compiles a pattern as RE2 reads it.
fn compile(pattern: &str) -> Result<Regex, String> {
    re2::compile(pattern)
        .map(|compiled| compiled.regex)
        .map_err(|error| {
            let reason = error.reason();
            format!("`{pattern}` is not a regular expression: {reason}")
        })
}

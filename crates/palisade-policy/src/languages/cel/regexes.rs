//! Regular expressions in RE2's dialect, on an engine whose time is linear.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern.
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// Longest pattern.
const MAX_PATTERN_BYTES: usize = 16 << 10;

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
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!(
            "the regular expression is longer than {MAX_PATTERN_BYTES} bytes"
        ));
    }
    RegexBuilder::new(&translate(pattern))
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .nest_limit(200)
        .build()
        .map_err(|error| {
            let reason = match error {
                regex::Error::CompiledTooBig(_) => "it is too big when compiled".to_owned(),
                other => {
                    let text = other.to_string();
                    let last = text.lines().last().unwrap_or("").trim();
                    last.trim_start_matches("error: ").to_owned()
                }
            };
            format!("`{pattern}` is not a regular expression: {reason}")
        })
}

/// RE2's classes `\d \w \s \b` are ASCII, and its brackets know neither nesting nor set operators.
fn translate(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or("");
        if letter == '\\' {
            rest = escape(after, in_class, &mut text);
            continue;
        }
        if in_class {
            rest = class_part(letter, after, &mut text);
            in_class = letter != ']';
            continue;
        }
        text.push(letter);
        rest = after;
        if letter == '[' {
            in_class = true;
            // A bracket that comes first is a literal one.
            let negated = rest.strip_prefix('^');
            if negated.is_some() {
                text.push('^');
            }
            rest = negated.unwrap_or(rest);
            if let Some(after) = rest.strip_prefix(']') {
                text.push_str("\\]");
                rest = after;
            }
        }
    }
    text
}

fn escape<'p>(after: &'p str, in_class: bool, text: &mut String) -> &'p str {
    let Some(letter) = after.chars().next() else {
        text.push('\\');
        return after;
    };
    let rest = after.get(letter.len_utf8()..).unwrap_or("");
    let ascii = match (letter, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', _) => "[^0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('s', true) => "\\t\\n\\f\\r ",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        ('Q', false) => {
            let (literal, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            text.push_str(&regex::escape(literal));
            return rest;
        }
        _ => "",
    };
    if ascii.is_empty() {
        text.push('\\');
        text.push(letter);
    } else {
        text.push_str(ascii);
    }
    rest
}

fn class_part<'p>(letter: char, after: &'p str, text: &mut String) -> &'p str {
    if letter == '[' {
        // `[:alpha:]` is the same in both dialects; any other bracket is a literal here.
        if after.starts_with(':')
            && let Some(end) = after.find(":]")
        {
            text.push('[');
            text.push_str(after.get(..end + 2).unwrap_or(""));
            return after.get(end + 2..).unwrap_or("");
        }
        text.push_str("\\[");
    } else if matches!(letter, '&' | '~') || (letter == '-' && after.starts_with('-')) {
        text.push('\\');
        text.push(letter);
    } else {
        text.push(letter);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_re2_reads_them() {
        let matches = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
        assert!(matches(r"^\d+$", "42") && !matches(r"^\d+$", "٤٢"));
        assert!(matches(r"^[\w.]+$", "a_1.b") && !matches(r"^\w$", "é"));
        assert!(matches(r"^[[a]+$", "[a") && matches(r"^[a&&b]+$", "&b"));
        assert!(matches(r"^[]a]+$", "]a") && matches(r"^[[:alpha:]-]+$", "a-b"));
        assert!(matches(r"^\Qa.b\E$", "a.b") && !matches(r"^\Qa.b\E$", "axb"));
        assert!(compile("(?=a)").is_err());
        assert!(compile("(a{1000}){1000}").unwrap_err().contains("too big"));
    }
}

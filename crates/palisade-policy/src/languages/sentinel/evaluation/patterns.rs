//! Regular expressions: RE2's syntax, as the language has it, on a linear-time engine.
//!
//! The engine's own syntax differs where silence would be wrong: its `\d`, `\w` and `\s` know all
//! of Unicode, its classes nest and can be subtracted, and `\<` is a border of a word.

use regex::Regex;

/// Most bytes that one expression may compile to.
const MAX_BYTES: usize = 1 << 20;

/// Compiles an expression; the error is a sentence.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(&translate(pattern))
        .size_limit(MAX_BYTES)
        .dfa_size_limit(MAX_BYTES)
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            format!("`{pattern}` is no regular expression that can be used: {reason}")
        })
}

/// An expression of RE2 in the engine's syntax.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars().peekable();
    let (mut in_class, mut class_starts) = (false, false);
    while let Some(letter) = letters.next() {
        let starts = std::mem::take(&mut class_starts);
        match letter {
            '\\' => match letters.next() {
                Some('Q') => {
                    let mut literal = String::new();
                    while let Some(letter) = letters.next() {
                        if letter == '\\' && letters.next_if_eq(&'E').is_some() {
                            break;
                        }
                        literal.push(letter);
                    }
                    out.push_str(&regex::escape(&literal));
                }
                Some(escaped) => {
                    if let Some(class) = ascii(escaped, in_class) {
                        out.push_str(class);
                    } else {
                        out.push('\\');
                        out.push(escaped);
                    }
                }
                None => out.push('\\'),
            },
            '[' if !in_class => {
                (in_class, class_starts) = (true, true);
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            '[' if letters.peek() == Some(&':') => {
                out.push('[');
                for letter in letters.by_ref() {
                    out.push(letter);
                    if letter == ']' {
                        break;
                    }
                }
            }
            ']' if in_class && starts => out.push_str("\\]"),
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(letter);
            }
            '-' if in_class && letters.next_if_eq(&'-').is_some() => out.push_str("-\\-"),
            letter => out.push(letter),
        }
    }
    out
}

/// What an escape means in RE2 where the engine takes it otherwise.
fn ascii(escaped: char, in_class: bool) -> Option<&'static str> {
    Some(match escaped {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'b' if !in_class => r"(?-u:\b)",
        '<' => "<",
        '>' => ">",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert!(holds(r"^\d+$", "42") && !holds(r"^\d+$", "٤٢"));
        assert!(holds(r"^[\w.-]+$", "a_1.b-c") && !holds(r"^\w+$", "ä"));
        assert!(holds(r"^\S+\s\S+$", "ä ö") && !holds(r"\s", "\u{a0}"));
        assert!(holds(r"\bteam\b", "a team b") && holds(r"\<a\>", "<a>"));
    }

    #[test]
    fn classes_do_not_nest_or_subtract() {
        assert!(holds(r"^[[a]+$", "[a") && holds(r"^[]a]+$", "]a"));
        assert!(holds(r"^[a&&b]+$", "a&b") && holds(r"^[a~~]+$", "~"));
        assert!(holds(r"^[[:alpha:]_]+$", "a_b") && !holds(r"^[^[:digit:]]$", "1"));
        assert!(holds(r"^[+--]+$", "+,-"));
    }

    #[test]
    fn quoted_parts_are_literal() {
        assert!(holds(r"^\Qa.b\E.$", "a.bc") && !holds(r"^\Qa.b\E.$", "axbc"));
    }
}

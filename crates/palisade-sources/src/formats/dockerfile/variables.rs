//! Build arguments: assignments in `ARG`, `ENV` and `LABEL`, and their use in `FROM`.

use std::collections::BTreeMap;

/// Deepest nesting of defaults in defaults.
const NESTING: u8 = 8;

/// One `NAME=value`, or a bare `NAME`.
pub(super) struct Assignment {
    /// Name.
    pub(super) name: String,
    /// Value without its quotes.
    pub(super) value: Option<String>,
}

/// The assignments of an instruction; `ENV NAME some value` is one.
pub(super) fn assignments(text: &str) -> Vec<Assignment> {
    let words = words(text);
    let old_form = words.len() > 1 && words.first().is_some_and(|word| !word.contains('='));
    if old_form && let Some((name, value)) = text.trim().split_once(char::is_whitespace) {
        return vec![Assignment {
            name: name.to_owned(),
            value: Some(value.trim().to_owned()),
        }];
    }
    let split = |word: String| match word.split_once('=') {
        Some((name, value)) => Assignment {
            name: name.to_owned(),
            value: Some(value.to_owned()),
        },
        None => Assignment {
            name: word,
            value: None,
        },
    };
    words.into_iter().map(split).collect()
}

/// Splits at white space outside quotes, and takes the quotes off.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Values of build arguments before the first stage.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, Option<String>>,
}

/// A text with its variables put in.
pub(super) struct Expanded {
    /// The text; what has no value stays as written.
    pub(super) text: String,
    /// Whether every variable had a value.
    pub(super) resolved: bool,
}

impl Variables {
    /// Remembers a default; a bare name keeps what is known of it.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        if value.is_some() || !self.values.contains_key(name) {
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Puts values in for `$NAME`, `${NAME}`, `${NAME:-other}` and `${NAME:+other}`.
    pub(super) fn expand(&self, text: &str) -> Expanded {
        self.expand_nested(text, NESTING)
    }

    fn expand_nested(&self, text: &str, depth: u8) -> Expanded {
        let mut expanded = Expanded {
            text: String::new(),
            resolved: true,
        };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            expanded.text.push_str(before);
            let (written, inside, next) = reference(after);
            rest = next;
            if let Some(value) = inside.and_then(|inside| self.value(inside, depth)) {
                expanded.text.push_str(&value);
            } else {
                expanded.resolved = false;
                expanded.text.push('$');
                expanded.text.push_str(written);
            }
        }
        expanded.text.push_str(rest);
        expanded
    }

    fn value(&self, inside: &str, depth: u8) -> Option<String> {
        let end = name_end(inside);
        let (name, rule) = inside.split_at_checked(end)?;
        let known = self.values.get(name).cloned().flatten();
        let (empty_counts, rule) = match rule.strip_prefix(':') {
            Some(rule) => (false, rule),
            None => (true, rule),
        };
        let known = known.filter(|value| empty_counts || !value.is_empty());
        if let Some(other) = rule.strip_prefix('-') {
            return known.or_else(|| self.nested(other, depth));
        }
        if let Some(other) = rule.strip_prefix('+') {
            return match known {
                Some(_) => self.nested(other, depth),
                None => Some(String::new()),
            };
        }
        known.filter(|_| rule.is_empty() || rule.starts_with('?'))
    }

    /// A default, which may hold variables itself.
    fn nested(&self, text: &str, depth: u8) -> Option<String> {
        let expanded = self.expand_nested(text, depth.checked_sub(1)?);
        expanded.resolved.then_some(expanded.text)
    }
}

/// What follows a `$`: as written, what it refers to, and the rest.
fn reference(after: &str) -> (&str, Option<&str>, &str) {
    if let Some(open) = after.strip_prefix('{') {
        return match closing(open) {
            Some(end) => (
                after.get(..end + 2).unwrap_or(after),
                open.get(..end),
                open.get(end + 1..).unwrap_or_default(),
            ),
            None => (after, None, ""),
        };
    }
    let (name, rest) = after.split_at(name_end(after));
    (name, (!name.is_empty()).then_some(name), rest)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_end(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_alternatives_are_put_in() {
        let mut variables = Variables::default();
        variables.set("TAG", Some("1.2".to_owned()));
        variables.set("EMPTY", Some(String::new()));
        let expand = |text: &str| {
            let expanded = variables.expand(text);
            (expanded.text, expanded.resolved)
        };
        assert_eq!(expand("go:$TAG"), ("go:1.2".to_owned(), true));
        assert_eq!(expand("go:${TAG}-a"), ("go:1.2-a".to_owned(), true));
        assert_eq!(expand("go:${NO:-3}"), ("go:3".to_owned(), true));
        assert_eq!(expand("go:${EMPTY:-3}"), ("go:3".to_owned(), true));
        assert_eq!(expand("go${TAG:+:$TAG}"), ("go:1.2".to_owned(), true));
        assert_eq!(expand("go:${NO}x"), ("go:${NO}x".to_owned(), false));
        assert_eq!(expand("go:${NO"), ("go:${NO".to_owned(), false));
        assert_eq!(expand("a$"), ("a$".to_owned(), false));
    }

    #[test]
    fn assignments_know_both_forms() {
        let told = |text: &str| -> Vec<(String, Option<String>)> {
            assignments(text)
                .into_iter()
                .map(|it| (it.name, it.value))
                .collect()
        };
        assert_eq!(
            told("A=1 B=\"two words\" C"),
            [
                ("A".to_owned(), Some("1".to_owned())),
                ("B".to_owned(), Some("two words".to_owned())),
                ("C".to_owned(), None),
            ]
        );
        assert_eq!(
            told("PATH /usr/bin and more"),
            [("PATH".to_owned(), Some("/usr/bin and more".to_owned()))]
        );
    }
}

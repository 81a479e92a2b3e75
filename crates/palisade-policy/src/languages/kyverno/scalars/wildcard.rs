//! Patterns with `*` (any text) and `?` (any one character).

/// Whether a text holds a wildcard.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether the whole text matches the pattern; linear in both for each `*`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if !is_pattern(pattern) {
        return pattern == text;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(one) if *one == '?' || Some(one) == text.get(from) => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((back, taken)) = star else {
                    return false;
                };
                star = Some((back, taken + 1));
                at = back + 1;
                from = taken + 1;
            }
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|one| *one == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_any_text_and_a_mark_one_character() {
        for (pattern, text) in [
            ("*", ""),
            ("?*", "x"),
            ("a*c", "abbc"),
            ("a*b*c", "axxbyyc"),
            ("*:latest", "nginx:latest"),
            ("??", "éa"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("?*", ""), ("a*c", "abcd"), ("*.x", "x"), ("??", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}

//! How often a word stands in a text, to tell what is never used.

/// How often a word stands in a text by itself, and not as a part of a longer one.
pub(crate) fn count(text: &str, word: &str) -> usize {
    if word.is_empty() {
        return 0;
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(word)
        .filter(|(at, _)| {
            let before = text.get(..*at).and_then(|text| text.chars().next_back());
            let after = text
                .get(at + word.len()..)
                .and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_longer_word_is_no_mention() {
        assert_eq!(count("a.b, ab, a-b, \"a\"", "a"), 2);
        assert_eq!(count("variables.x + variables.xy", "variables.x"), 1);
        assert_eq!(count("a", ""), 0);
    }
}

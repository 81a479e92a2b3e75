//! Anchors: the marks round a key that say when a pattern applies.

/// What an anchor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// `(key)`: the pattern applies where this holds.
    Condition,
    /// `<(key)`: the whole rule applies where this holds.
    Global,
    /// `X(key)`: the key must not be there.
    Negation,
    /// `+(key)`: a patch sets it where it is not there.
    AddIfAbsent,
    /// `=(key)`: where the key is there, its value must match.
    Equality,
    /// `^(key)`: at least one item must match.
    Existence,
}

/// The anchor of a key and the key without it.
pub(crate) fn parse(key: &str) -> Option<(Anchor, &str)> {
    let key = key.trim();
    let (mark, rest) = key.split_once('(')?;
    let anchor = match mark {
        "" => Anchor::Condition,
        "<" => Anchor::Global,
        "X" => Anchor::Negation,
        "+" => Anchor::AddIfAbsent,
        "=" => Anchor::Equality,
        "^" => Anchor::Existence,
        _ => return None,
    };
    let inner = rest.strip_suffix(')').filter(|inner| !inner.is_empty())?;
    Some((anchor, inner))
}

/// The key without an anchor.
pub(crate) fn bare(key: &str) -> &str {
    parse(key).map_or(key, |(_, inner)| inner)
}

/// The mark of an anchor, before its bracket.
pub(crate) const fn mark(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Condition => "",
        Anchor::Global => "<",
        Anchor::Negation => "X",
        Anchor::AddIfAbsent => "+",
        Anchor::Equality => "=",
        Anchor::Existence => "^",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_told_from_keys() {
        assert_eq!(parse("=(a)"), Some((Anchor::Equality, "a")));
        assert_eq!(parse("(a/b)"), Some((Anchor::Condition, "a/b")));
        for key in ["a", "()", "f(a)", "=(a", "a)"] {
            assert_eq!(parse(key), None, "{key}");
            assert_eq!(bare(key), key);
        }
    }
}

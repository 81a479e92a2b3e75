//! Paths as authorization rules write them: exact, `/api/*`, `*.txt`, `*`, and templates with `{*}`
//! and `{**}`.
//!
//! Source: Istio's reference of `AuthorizationPolicy`, field `paths`.

use crate::mesh::pattern;

/// One segment of a path.
const ONE: &str = "{*}";
/// Any number of segments; the last operator of a template.
const MANY: &str = "{**}";

/// Whether a pattern takes every path.
pub(crate) fn takes_everything(pattern: &str) -> bool {
    matches!(pattern, "*" | "/*" | "/{**}")
}

/// Whether a pattern is one path and no other.
pub(crate) fn is_exact(pattern: &str) -> bool {
    !pattern.contains('*')
}

/// Whether a pattern takes a path. A pattern with an operator is a template, and the stars that
/// stand alone mean nothing special in it.
pub(crate) fn takes(pattern: &str, path: &str) -> bool {
    if !pattern.contains(ONE) && !pattern.contains(MANY) {
        return pattern::matches(pattern, path);
    }
    let path: Vec<&str> = path.split('/').collect();
    let pattern: Vec<&str> = pattern.split('/').collect();
    let Some(many) = pattern.iter().position(|segment| *segment == MANY) else {
        return pattern.len() == path.len() && all_take(&pattern, &path);
    };
    let (before, after) = (
        pattern.get(..many).unwrap_or_default(),
        pattern.get(many + 1..).unwrap_or_default(),
    );
    let Some(rest) = path.len().checked_sub(before.len() + after.len()) else {
        return false;
    };
    let (start, end) = (before.len(), before.len() + rest);
    let middle = path.get(start..end).unwrap_or_default();
    // An empty segment is none: only the end of the path may leave one.
    let filled = middle.iter().all(|segment| !segment.is_empty());
    all_take(before, path.get(..start).unwrap_or_default())
        && (filled || (after.is_empty() && middle == [""]))
        && all_take(after, path.get(end..).unwrap_or_default())
}

fn all_take(pattern: &[&str], path: &[&str]) -> bool {
    pattern
        .iter()
        .zip(path)
        .all(|(pattern, segment)| pattern == segment || (*pattern == ONE && !segment.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn a_template_takes_one_segment_or_many() {
        assert!(takes("/foo/{*}", "/foo/bar"));
        assert!(!takes("/foo/{*}", "/foo/bar/baz"));
        assert!(!takes("/foo/{*}", "/foo/"));
        assert!(takes("/foo/{**}/", "/foo/bar/"));
        assert!(takes("/foo/{**}/", "/foo/bar/baz.txt/"));
        assert!(!takes("/foo/{**}/", "/foo//"));
        assert!(takes("/foo/{*}/bar/{**}", "/foo/buzz/bar/"));
        assert!(takes("/foo/{*}/bar/{**}", "/foo/buzz/bar/baz"));
        assert!(!takes("/foo/{*}/bar/{**}", "/foo/bar/baz"));
    }

    #[test]
    fn without_an_operator_a_star_is_a_prefix_or_a_suffix() {
        assert!(takes("/api/*", "/api/cart/1"));
        assert!(takes("*.txt", "/a/b.txt"));
        assert!(!takes("/api", "/api/"));
    }
}

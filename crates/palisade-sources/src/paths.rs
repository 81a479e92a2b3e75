//! Paths as files write them, put together with the folder that they are relative to.

/// The folder of a path; empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path relative to a folder; `None` when it leaves the root.
pub(crate) fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Whether a file is a path, or stands in the folder of that path.
pub(crate) fn is_below(file: &str, path: &str) -> bool {
    path.is_empty()
        || file
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{folder, is_below, joined};

    #[test]
    fn paths_are_put_together_and_never_leave_the_root() {
        assert_eq!(joined("a/b", "./../c//d"), Some("a/c/d".to_owned()));
        assert_eq!(joined("a", "../../b"), None);
        assert_eq!((folder("a/b/c"), folder("c")), ("a/b", ""));
        assert!(is_below("a/b/c", "a/b") && is_below("a/b", "a/b"));
        assert!(!is_below("a/bc", "a/b"));
    }
}

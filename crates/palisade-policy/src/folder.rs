//! Files of one folder, read once and within bounds, under the paths that reports show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use palisade_document::SourceFile;

/// Largest file that is read.
const MAX_BYTES: u64 = 64 << 20;
/// Most files that a folder may list.
const MAX_FILES: usize = 200_000;
/// Deepest folder that is listed.
const MAX_DEPTH: usize = 64;

/// A folder with policies, tests or conformance cases.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    shown: String,
    read: Mutex<BTreeMap<String, Arc<SourceFile>>>,
}

/// Why a file or folder could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{path}`: {reason}")]
pub struct ReadError {
    /// The path as reports show it.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Folder {
    /// The folder at `root`; reports show its files under `shown` (usually the path as typed).
    pub fn new(root: impl Into<PathBuf>, shown: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            shown: shown.into(),
            read: Mutex::default(),
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a file as reports show it.
    pub fn shown(&self, relative: &str) -> String {
        match self.shown.as_str() {
            "" | "." => relative.to_owned(),
            folder => format!("{}/{relative}", folder.trim_end_matches('/')),
        }
    }

    /// The text of a file, by its path relative to the folder (`..` within the folder is resolved;
    /// a path that leaves it is refused).
    pub fn read(&self, relative: &str) -> Result<Arc<SourceFile>, ReadError> {
        let error = |reason: String| ReadError {
            path: self.shown(relative),
            reason,
        };
        let path = normal(relative).ok_or_else(|| error("it leads out of the folder".into()))?;
        let lock = || {
            self.read
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some(file) = lock().get(&path) {
            return Ok(Arc::clone(file));
        }
        let bytes = self.read_bytes(&path)?;
        let text = String::from_utf8(bytes).map_err(|_| error("it is not UTF-8 text".into()))?;
        let file = Arc::new(SourceFile::new(self.shown(&path), text));
        lock().insert(path, Arc::clone(&file));
        Ok(file)
    }

    /// The bytes of a file, for archives.
    pub fn read_bytes(&self, relative: &str) -> Result<Vec<u8>, ReadError> {
        let error = |reason: String| ReadError {
            path: self.shown(relative),
            reason,
        };
        let path = normal(relative).ok_or_else(|| error("it leads out of the folder".into()))?;
        let full = self.root.join(&path);
        let known = std::fs::metadata(&full).map_err(|source| error(source.to_string()))?;
        if !known.is_file() {
            return Err(error("it is not a file".into()));
        }
        if known.len() > MAX_BYTES {
            return Err(error(format!("it is larger than {MAX_BYTES} bytes")));
        }
        std::fs::read(&full).map_err(|source| error(source.to_string()))
    }

    /// All files below the folder, sorted, relative, with `/`; hidden folders are left out and
    /// symbolic links to folders are not followed.
    pub fn files(&self) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        self.list("", 0, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn list(&self, under: &str, depth: usize, found: &mut Vec<String>) -> Result<(), ReadError> {
        let error = |reason: String| ReadError {
            path: self.shown(under),
            reason,
        };
        if depth > MAX_DEPTH {
            return Err(error(format!("folders are nested deeper than {MAX_DEPTH}")));
        }
        let entries =
            std::fs::read_dir(self.root.join(under)).map_err(|source| error(source.to_string()))?;
        for entry in entries {
            let entry = entry.map_err(|source| error(source.to_string()))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = if under.is_empty() {
                name.clone()
            } else {
                format!("{under}/{name}")
            };
            let kind = entry
                .file_type()
                .map_err(|source| error(source.to_string()))?;
            if kind.is_dir() {
                if !name.starts_with('.') {
                    self.list(&path, depth + 1, found)?;
                }
            } else if found.len() >= MAX_FILES {
                return Err(error(format!("more than {MAX_FILES} files")));
            } else {
                found.push(path);
            }
        }
        Ok(())
    }
}

/// The path without `.` and `..`; `None` if it leaves the folder or is absolute.
fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_within_the_folder() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("a")).unwrap();
        std::fs::write(place.path().join("a/b.txt"), "text").unwrap();
        let folder = Folder::new(place.path(), "shown");
        assert_eq!(folder.files().unwrap(), ["a/b.txt"]);
        let file = folder.read("a/../a/./b.txt").unwrap();
        assert_eq!(
            (file.text(), file.path().as_ref()),
            ("text", "shown/a/b.txt")
        );
        for outside in ["../x", "a/../../x", "/etc/hostname"] {
            let error = folder.read(outside).unwrap_err();
            assert_eq!(error.reason, "it leads out of the folder");
        }
        assert!(folder.read("a").is_err());
    }
}

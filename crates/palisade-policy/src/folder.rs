//! Files of one folder, read once and within bounds, under the paths that reports show.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use palisade_document::SourceFile;

use crate::overlooked;

/// Largest file that is read.
const MAX_BYTES: u64 = 64 << 20;
/// Most files that a folder may list.
const MAX_FILES: usize = 200_000;
/// Deepest folder that is listed.
pub(crate) const MAX_DEPTH: usize = 64;

/// A folder with policies, tests or conformance cases.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    shown: String,
    /// The folder around it in which files that its policies name may lie.
    around: Option<PathBuf>,
    /// The one file that is listed, if not all are.
    only: Option<String>,
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
            around: None,
            only: None,
            read: Mutex::default(),
        }
    }

    /// The same folder, whose policies may name files beside it: anywhere in a folder around it.
    #[must_use]
    pub fn within(mut self, around: impl Into<PathBuf>) -> Self {
        self.around = Some(around.into());
        self
    }

    /// The same folder, of which only one file is listed.
    #[must_use]
    pub fn only(mut self, file: impl Into<String>) -> Self {
        self.only = Some(file.into());
        self
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

    /// The text of a file that a policy names, by its path relative to the folder. It may lie
    /// outside of the folder (`../common/x`), in the folder around it that was given, and is not
    /// reached through a link that leads out of that.
    pub fn read_named(&self, relative: &str) -> Result<Arc<SourceFile>, ReadError> {
        if normal(relative).is_some() {
            return self.read(relative);
        }
        let shown = climbed(&self.shown, relative);
        let error = |reason: &str| ReadError {
            path: shown.clone(),
            reason: reason.to_owned(),
        };
        let outside = "it lies outside of the run's folder and of the policies' repository; run in a folder that holds both, or copy it beside the policies";
        let around = self.around.as_ref().ok_or_else(|| error(outside))?;
        let unread = |source: std::io::Error| error(&source.to_string());
        let around = around.canonicalize().map_err(unread)?;
        let is_hidden = |step: &str| step.starts_with('.') && !matches!(step, "." | "..");
        if relative.starts_with('/') || relative.split('/').any(is_hidden) {
            return Err(error(outside));
        }
        let root = self.root.canonicalize().map_err(unread)?;
        // INVARIANT: looked at before the file is, so that nothing is told of what lies outside.
        let named = root.join(relative);
        if !lexical(&named).starts_with(&around) {
            return Err(error(outside));
        }
        let full = named.canonicalize().map_err(unread)?;
        if !full.starts_with(&around) {
            return Err(error(outside));
        }
        let bytes = bounded(&full).map_err(|reason| error(&reason))?;
        let text = String::from_utf8(bytes).map_err(|_| error("it is not UTF-8 text"))?;
        Ok(Arc::new(SourceFile::new(shown.as_str(), text)))
    }

    /// The bytes of a file, for archives.
    pub fn read_bytes(&self, relative: &str) -> Result<Vec<u8>, ReadError> {
        let error = |reason: String| ReadError {
            path: self.shown(relative),
            reason,
        };
        let path = normal(relative).ok_or_else(|| error("it leads out of the folder".into()))?;
        bounded(&self.root.join(&path)).map_err(error)
    }

    /// What may hold policies and is not listed, sorted: links to folders, hidden folders, and names
    /// that no language reads, each with the reason.
    pub fn overlooked(&self) -> Vec<(String, &'static str)> {
        if self.only.is_some() {
            return Vec::new();
        }
        let found = overlooked::below(&self.root).into_iter();
        found
            .map(|(path, reason)| (self.shown(&path), reason))
            .collect()
    }

    /// All files below the folder, sorted, relative, with `/`; hidden folders are left out and
    /// symbolic links to folders are not followed.
    pub fn files(&self) -> Result<Vec<String>, ReadError> {
        if let Some(only) = &self.only {
            return Ok(vec![only.clone()]);
        }
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

/// The bytes of a file that is not too large.
fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    let known = std::fs::metadata(path).map_err(|source| source.to_string())?;
    if !known.is_file() {
        return Err("it is not a file".to_owned());
    }
    if known.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    std::fs::read(path).map_err(|source| source.to_string())
}

/// The path without `.` and `..`, links left alone.
fn lexical(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for step in path.components() {
        match step {
            Component::ParentDir => drop(found.pop()),
            Component::CurDir => {}
            step => found.push(step),
        }
    }
    found
}

/// A relative path below one that reports show, as reports show it.
fn climbed(shown: &str, relative: &str) -> String {
    let (lead, shown) = match shown.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", shown),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in shown.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{lead}{}", parts.join("/"))
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

    #[test]
    fn a_named_file_may_lie_in_the_folder_around() {
        let place = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = place.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "text").unwrap();
        };
        for path in ["run/aws/a", "run/common/b", "run/.git/config", "out/c"] {
            write(path);
        }
        let aws = || Folder::new(place.path().join("run/aws"), "aws");
        let around = aws().within(place.path().join("run"));
        let file = around.read_named("../common/b").unwrap();
        assert_eq!((file.text(), file.path().as_ref()), ("text", "common/b"));
        assert_eq!(around.read_named("a").unwrap().path().as_ref(), "aws/a");
        let refused = |folder: &Folder, path: &str| {
            let error = folder.read_named(path).unwrap_err();
            assert!(
                error.reason.contains("run in a folder that holds both"),
                "{error}"
            );
        };
        for path in [
            "../../out/c",
            "../../out/none",
            "../.git/config",
            "/etc/hostname",
        ] {
            refused(&around, path);
        }
        refused(&aws(), "../common/b");
        let missing = around.read_named("../common/none").unwrap_err();
        assert_eq!(missing.path, "common/none");
        assert!(!missing.reason.contains("run in a folder"), "{missing}");
        #[cfg(unix)]
        {
            let link = place.path().join("run/link");
            std::os::unix::fs::symlink(place.path().join("out"), link).unwrap();
            refused(&around, "../link/c");
        }
    }
}

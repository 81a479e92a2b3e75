//! Finds entry files on disk.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::SourceFile;

/// The most files of one folder.
const MOST_FILES: usize = 10_000;
/// The deepest folder below the given one.
const DEEPEST: usize = 8;
/// The largest file.
const LARGEST: u64 = 16 << 20;

/// Why entry files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The disk does not give it.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Which file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Not a text.
    #[error("`{0}` is not UTF-8: save it as UTF-8")]
    Text(String),
    /// Too large.
    #[error("`{0}` is larger than 16 MiB: split it into several files")]
    Large(String),
    /// Too many, or too deep.
    #[error("`{0}` holds more than {MOST_FILES} entry files, or folders deeper than {DEEPEST}")]
    Many(String),
}

/// Reads a file, or all `*.yaml`, `*.yml` and `*.json` below a folder in the order of their names.
///
/// Names that begin with a dot are left out: mounted configuration keeps its versions there.
///
/// # Errors
/// Anything that cannot be read: half of the entries are worse than none.
pub fn entry_files(path: &Path) -> Result<Vec<Arc<SourceFile>>, FolderError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    let mut paths = Vec::new();
    if metadata.is_dir() {
        walk(path, path, 0, &mut paths)?;
    } else {
        paths.push(path.to_owned());
    }
    paths.iter().map(|path| text(path)).collect()
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    paths: &mut Vec<PathBuf>,
) -> Result<(), FolderError> {
    let listing = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    let mut names = Vec::new();
    for item in listing {
        names.push(item.map_err(|source| unreadable(folder, source))?.path());
        if names.len() + paths.len() > MOST_FILES {
            return Err(FolderError::Many(shown(root)));
        }
    }
    names.sort();
    for path in names {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|source| unreadable(&path, source))?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        if metadata.is_dir() {
            if depth >= DEEPEST {
                return Err(FolderError::Many(shown(root)));
            }
            walk(root, &path, depth + 1, paths)?;
        } else if metadata.is_file() && matches!(extension, Some("yaml" | "yml" | "json")) {
            paths.push(path);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<Arc<SourceFile>, FolderError> {
    let unreadable = |source| unreadable(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(FolderError::Large(shown(path)));
    }
    let text = String::from_utf8(bytes).map_err(|_| FolderError::Text(shown(path)))?;
    Ok(Arc::new(SourceFile::new(shown(path), text)))
}

fn unreadable(path: &Path, source: io::Error) -> FolderError {
    FolderError::Read {
        path: shown(path),
        source,
    }
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

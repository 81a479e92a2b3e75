//! Records on their way to the database, in a file: a process that dies before they are written
//! there leaves them to the next one.
//!
//! Each record is appended before what it tells of is handed out. What the database has taken is
//! cut away; a record that stands in both places is told apart when the file is taken over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::NewEvidence;

/// The largest file.
const LARGEST: u64 = 256 << 20;
/// The longest record that is read.
const LONGEST: u64 = 4 << 20;
/// How long the file may grow before what was written to the database is cut away although other
/// records wait.
const COMPACT: u64 = 8 << 20;

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error(
        "another server keeps evidence in `{}`: stop it, or choose another --state folder",
        .0.display()
    )]
    InUse(PathBuf),
    /// Something else is called so.
    #[error("`{}` is there and is not a file: take it away, or choose another --state folder", .0.display())]
    NotAFile(PathBuf),
    /// The system refuses.
    #[error("cannot use `{}`, which keeps evidence until the database has it: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What an earlier process left.
#[derive(Debug, Default)]
pub struct Left {
    /// Its records, in order.
    pub records: Vec<NewEvidence>,
    /// Whole lines that do not read.
    pub unreadable: u64,
}

/// The file; it belongs to one process at a time.
#[derive(Debug, Clone)]
pub struct Spool {
    path: PathBuf,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    file: File,
    /// Where the next record begins.
    length: u64,
    /// Whether something stands behind that place.
    is_torn: bool,
}

impl Spool {
    /// Opens the file, or makes it for its owner alone.
    ///
    /// # Errors
    /// Another process has it, it is no file, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        match std::fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => return Err(SpoolError::NotAFile(path.to_owned())),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(wrong(path, &error)),
            _ => {}
        }
        let file = open(path, false).map_err(|error| wrong(path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(wrong(path, &error)),
        }
        let length = file.metadata().map_err(|error| wrong(path, &error))?.len();
        sync_folder(path).map_err(|error| wrong(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            kept: Arc::new(Mutex::new(Kept {
                file,
                length,
                is_torn: false,
            })),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what an earlier process left. A last line that breaks off was never acknowledged: what
    /// it tells of was not handed out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn left(&self) -> Result<Left, SpoolError> {
        let mut kept = self.kept();
        let (left, whole) = read(&mut kept.file).map_err(|error| wrong(&self.path, &error))?;
        if whole < kept.length {
            kept.file
                .set_len(whole)
                .map_err(|error| wrong(&self.path, &error))?;
            kept.length = whole;
        }
        Ok(left)
    }

    /// Appends a record; all of it or nothing.
    pub(crate) fn append(&self, record: &NewEvidence) -> std::io::Result<()> {
        let line = line(record)?;
        let mut kept = self.kept();
        let after = kept.length.saturating_add(size(&line));
        if after > LARGEST {
            let sentence = format!("`{}` is as large as it may be", self.path.display());
            return Err(std::io::Error::new(ErrorKind::FileTooLarge, sentence));
        }
        if kept.is_torn {
            kept.file.set_len(kept.length)?;
        }
        // A part of it would make the next record unreadable.
        kept.is_torn = true;
        if let Err(error) = kept.file.write_all(&line) {
            kept.is_torn = kept.file.set_len(kept.length).is_err();
            return Err(error);
        }
        kept.is_torn = false;
        kept.length = after;
        Ok(())
    }

    /// Cuts away what the database has; `waiting` are the records that it does not have yet, of
    /// which some are missing here if `is_short`.
    pub(crate) fn written<'a>(
        &self,
        waiting: impl ExactSizeIterator<Item = &'a NewEvidence>,
        is_short: bool,
    ) -> std::io::Result<()> {
        let mut kept = self.kept();
        if waiting.len() == 0 {
            kept.file.set_len(0)?;
            (kept.length, kept.is_torn) = (0, false);
        } else if is_short || kept.length > COMPACT {
            *kept = rewritten(&self.path, waiting)?;
        }
        Ok(())
    }

    /// Has the disk keep what was appended.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        let file = self.kept().file.try_clone()?;
        file.sync_data()
    }
}

/// Another file takes the place of the one before at once, so that no moment has neither.
fn rewritten<'a>(
    path: &Path,
    records: impl Iterator<Item = &'a NewEvidence>,
) -> std::io::Result<Kept> {
    let beside = path.with_extension("new");
    let mut file = open(&beside, true)?;
    // Nobody else opens this name: the folder's lock is the one of the file before.
    file.try_lock().map_err(std::io::Error::from)?;
    let mut length = 0_u64;
    for record in records {
        let line = line(record)?;
        file.write_all(&line)?;
        length = length.saturating_add(size(&line));
    }
    file.sync_data()?;
    std::fs::rename(&beside, path)?;
    Ok(Kept {
        file,
        length,
        is_torn: false,
    })
}

fn open(path: &Path, is_new: bool) -> std::io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    if is_new {
        file.set_len(0)?;
    }
    Ok(file)
}

/// The name of a new file is on disk too.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The records, and where the last whole line ends.
fn read(file: &mut File) -> std::io::Result<(Left, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut left = Left::default();
    let mut whole = 0_u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = (&mut reader).take(LONGEST).read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok((left, whole));
        }
        let is_whole = line.last() == Some(&b'\n');
        if !is_whole && size(&line) < LONGEST {
            return Ok((left, whole));
        }
        whole = whole.saturating_add(size(&line));
        match serde_json::from_slice(&line) {
            Ok(record) => left.records.push(record),
            Err(_) => left.unreadable = left.unreadable.saturating_add(1),
        }
    }
}

fn line(record: &NewEvidence) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}

fn size(line: &[u8]) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX)
}

fn wrong(path: &Path, error: &std::io::Error) -> SpoolError {
    SpoolError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;

//! The program of a process: its digest, and its path where the path means the same file here.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

/// The largest program that is read, in bytes; a larger one has no digest.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How many digests are remembered.
const MOST_DIGESTS: usize = 1024;
/// Bytes that are read at once.
const PIECE: usize = 128 * 1024;

/// What tells two states of a file apart: a user can set `mtime` back, but not `ctime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileState {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileState {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Which file it is, whatever its content.
    pub(super) fn file(self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// Digests of programs that were read before.
#[derive(Debug, Default)]
pub struct Digests {
    known: Mutex<Known>,
    /// Held while a program is read, so that many new programs do not take the whole machine.
    reading: Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    digests: BTreeMap<FileState, String>,
    order: VecDeque<FileState>,
}

impl Digests {
    /// The SHA-256 of an open program; nothing for one that is too large or changes meanwhile.
    pub(super) fn sha256(&self, file: &mut File) -> io::Result<Option<String>> {
        let state = FileState::of(&file.metadata()?);
        if let Some(known) = self.known(&state) {
            return Ok(Some(known));
        }
        if state.size > LARGEST {
            return Ok(None);
        }
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.known(&state) {
            return Ok(Some(known));
        }
        let digest = read(file)?;
        if FileState::of(&file.metadata()?) != state {
            return Ok(None);
        }
        self.remember(state, &digest);
        Ok(Some(digest))
    }

    fn known(&self, state: &FileState) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.digests.get(state).cloned()
    }

    fn remember(&self, state: FileState, digest: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.digests.insert(state, digest.to_owned()).is_none() {
            known.order.push_back(state);
        }
        while known.order.len() > MOST_DIGESTS {
            if let Some(oldest) = known.order.pop_front() {
                known.digests.remove(&oldest);
            }
        }
    }
}

fn read(file: &mut File) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut source = file.take(LARGEST.saturating_add(1));
    loop {
        let count = source.read(&mut piece)?;
        if count == 0 {
            break;
        }
        context.update(piece.get(..count).unwrap_or_default());
    }
    Ok(data_encoding::HEXLOWER.encode(context.finish().as_ref()))
}

/// The path of a program, if that path leads to the same file from here.
///
/// A process in a container has a path of its container's file system, which says nothing about
/// the file of that name on this machine.
pub(super) fn path(link: PathBuf, state: FileState) -> Option<PathBuf> {
    let here = FileState::of(&std::fs::metadata(&link).ok()?);
    (here.file() == state.file()).then_some(link)
}

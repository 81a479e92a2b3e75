//! What git tracks: `.gitignore` says nothing about a file that is committed all the same.

use std::path::{Path, PathBuf};

/// Largest index that is read.
const MAX_BYTES: u64 = 1 << 30;
/// Bytes of an entry before its hash.
const BEFORE_HASH: usize = 40;

/// The files that the repository around a path tracks; nothing where there is no repository, an
/// error where its index cannot be read.
pub(crate) fn files(start: &Path) -> Result<Vec<PathBuf>, String> {
    let Some(root) = start.ancestors().find(|above| above.join(".git").exists()) else {
        return Ok(Vec::new());
    };
    let index = folder(&root.join(".git"))?.join("index");
    let size = match std::fs::metadata(&index) {
        Ok(known) => known.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    if size > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let bytes = std::fs::read(&index).map_err(|error| error.to_string())?;
    // An index does not say how long its hashes are: SHA-1, else SHA-256.
    let names = names(&bytes, 20).or_else(|| names(&bytes, 32));
    let names = names.ok_or("it is not in a form that is known")?;
    Ok(names.iter().map(|name| root.join(path(name))).collect())
}

/// The folder of a repository; in a worktree a file names it.
fn folder(git: &Path) -> Result<PathBuf, String> {
    if git.is_dir() {
        return Ok(git.to_path_buf());
    }
    let text = std::fs::read_to_string(git).map_err(|error| error.to_string())?;
    let named = text.trim_end().strip_prefix("gitdir: ");
    let named = named.ok_or("`.git` names no folder")?;
    Ok(git.parent().unwrap_or(Path::new("")).join(named))
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

/// The names of an index of the versions 2 to 4; `None` where it is none, or is split.
fn names(bytes: &[u8], hash: usize) -> Option<Vec<Vec<u8>>> {
    let body = bytes.strip_prefix(b"DIRC")?;
    let version = number(body)?;
    let count = number(body.get(4..)?)?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut at = 12;
    let mut found: Vec<Vec<u8>> = Vec::new();
    for _ in 0..count {
        let start = at;
        at += BEFORE_HASH + hash;
        let flags = bytes.get(at..at + 2)?;
        let is_extended = flags.first()? & 0x40 != 0;
        at += if is_extended && version > 2 { 4 } else { 2 };
        let mut name = Vec::new();
        if version == 4 {
            let (cut, after) = varint(bytes, at)?;
            at = after;
            let last = found.last().map_or(&[][..], Vec::as_slice);
            name.extend_from_slice(last.get(..last.len().checked_sub(cut)?)?);
        }
        let rest = bytes.get(at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(rest.get(..end)?);
        if name.is_empty() {
            return None;
        }
        at += end + 1;
        if version < 4 {
            // One to eight zero bytes make the length of an entry a multiple of eight.
            at = start + (at - start).next_multiple_of(8);
        }
        found.push(name);
    }
    let rest = bytes.get(at..)?;
    let checksum = rest.len().checked_sub(hash)?;
    // What follows the entries are extensions; a split index keeps its entries elsewhere.
    let is_extension = |head: &[u8]| head.iter().all(u8::is_ascii_alphabetic);
    if checksum > 0 && (rest.starts_with(b"link") || !is_extension(rest.get(..4)?)) {
        return None;
    }
    Some(found)
}

fn number(bytes: &[u8]) -> Option<u32> {
    let bytes: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// A number in groups of seven bits, each of which adds one to those before it.
fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(at)?;
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        value = value.checked_add(1)?.checked_mul(128)?;
        value = value.checked_add(usize::from(byte & 0x7f))?;
    }
    Some((value, at + 1))
}

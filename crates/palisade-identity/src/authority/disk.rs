//! Keys in a folder: one file that only its owner reads, replaced as a whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::keys::{Keeping, Keys, KeysError, Saved, StoredKeys};

/// The first word of the file; the figure is that of its form.
const MAGIC: &str = "palisade-authority-1";
/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Keys in a folder of this machine.
#[derive(Debug, Clone)]
pub struct DiskKeys {
    folder: PathBuf,
}

impl DiskKeys {
    /// Keys in this folder, which is made where it is missing, for its owner alone.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, KeysError> {
        let folder = folder.into();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&folder)
            .map_err(|error| unreachable_at(&folder, &error))?;
        Ok(Self { folder })
    }

    /// The file with the keys.
    pub fn file(&self) -> PathBuf {
        self.folder.join("authority.keys")
    }

    fn read(&self) -> Result<Option<StoredKeys>, KeysError> {
        let path = self.file();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreachable_at(&path, &error)),
        };
        check_owner_only(&path, &file)?;
        let mut text = Zeroizing::new(Vec::new());
        file.take(LARGEST)
            .read_to_end(&mut text)
            .map_err(|error| unreachable_at(&path, &error))?;
        decode(&text).map(Some).ok_or_else(|| {
            KeysError::Broken(format!(
                "`{}` is cut off or damaged and is left as it is; put a copy back, or move it away \
                 to begin with a new authority that nobody trusts yet",
                path.display()
            ))
        })
    }

    fn write(&self, before: u64, keys: &StoredKeys) -> Result<Saved, KeysError> {
        let path = self.file();
        let failed = |error: io::Error| unreachable_at(&path, &error);
        let lock = private_file(&self.folder.join("authority.lock"), Existing::Kept);
        let lock = lock.map_err(failed)?;
        lock.lock().map_err(failed)?;
        if self.read()?.map_or(0, |stored| stored.version) != before {
            return Ok(Saved::Conflict);
        }
        let draft = self.folder.join("authority.keys.new");
        let written = self.replace(&draft, keys);
        if written.is_err() {
            let _gone = std::fs::remove_file(&draft);
        }
        written.map_err(failed)?;
        Ok(Saved::Stored)
    }

    fn replace(&self, draft: &Path, keys: &StoredKeys) -> io::Result<()> {
        let mut file = private_file(draft, Existing::Emptied)?;
        file.write_all(&encode(keys))?;
        file.sync_all()?;
        std::fs::rename(draft, self.file())?;
        // The new name is durable once the folder is.
        File::open(&self.folder)?.sync_all()
    }
}

impl Keys for DiskKeys {
    fn load(&self) -> Keeping<'_, Option<StoredKeys>> {
        let own = self.clone();
        Box::pin(async move { blocking(move || own.read()).await })
    }

    fn save<'a>(&'a self, before: u64, keys: &'a StoredKeys) -> Keeping<'a, Saved> {
        let (own, keys) = (self.clone(), keys.clone());
        Box::pin(async move { blocking(move || own.write(before, &keys)).await })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeysError> + Send + 'static,
) -> Result<T, KeysError> {
    let stopped = |_| KeysError::Unreachable("the process is stopping".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Kept,
    Emptied,
}

fn private_file(path: &Path, existing: Existing) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    options.truncate(existing == Existing::Emptied);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

fn check_owner_only(path: &Path, file: &File) -> Result<(), KeysError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let known = file
            .metadata()
            .map_err(|error| unreachable_at(path, &error))?;
        if known.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Broken(format!(
                "others can read `{0}`, which holds private keys; run `chmod 600 {0}`",
                path.display()
            )));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, file);
    Ok(())
}

/// A line with version and digest, then the content: a file that is cut off anywhere is noticed.
fn encode(keys: &StoredKeys) -> Zeroizing<Vec<u8>> {
    let digest = digest(&keys.content);
    let mut text = Zeroizing::new(format!("{MAGIC} {} {digest}\n", keys.version).into_bytes());
    text.extend_from_slice(&keys.content);
    text
}

fn decode(text: &[u8]) -> Option<StoredKeys> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (head, content) = text.split_at_checked(end)?;
    let content = content.get(1..)?;
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let (magic, version, known) = (words.next()?, words.next()?, words.next()?);
    if magic != MAGIC || words.next().is_some() || known != digest(content) {
        return None;
    }
    Some(StoredKeys {
        version: version.parse().ok()?,
        content: Zeroizing::new(content.to_vec()),
    })
}

fn digest(content: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    HEXLOWER.encode(digest.as_ref())
}

fn unreachable_at(path: &Path, error: &io::Error) -> KeysError {
    KeysError::Unreachable(format!("`{}`: {error}", path.display()))
}

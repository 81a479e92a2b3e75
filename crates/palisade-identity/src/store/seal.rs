//! Private keys are written only sealed: AES-256-GCM under a key that is not in the database.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::{Zeroize as _, Zeroizing};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file cannot be read or made.
    #[error("cannot use the sealing key in `{path}`: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Others may read the key.
    #[error("the sealing key in `{0}` can be read by others: make it yours alone with `chmod 600`")]
    Open(String),
    /// The file holds something else.
    #[error("the sealing key in `{0}` has not {KEY_BYTES} bytes: restore it from a backup")]
    Length(String),
    /// Sealed with another key, or changed.
    #[error(
        "a key in the database does not open with this sealing key: give the key that the database was begun with"
    )]
    Wrong,
    /// The cryptographic library failed.
    #[error("the machine gives no random numbers")]
    Chance,
}

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Seal(Arc<RandomizedNonceKey>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Reads the key in a file that only its owner can read, or makes it when there is none.
    ///
    /// # Errors
    /// The file is not such a key, or others can read it.
    pub fn file(path: &Path) -> Result<Self, SealError> {
        match File::open(path) {
            Ok(file) => Self::read(file, path),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(path),
            Err(error) => Err(wrong(path, &error)),
        }
    }

    /// Takes a key as it is.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn of(key: &[u8; KEY_BYTES]) -> Result<Self, SealError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError::Chance)?;
        Ok(Self(Arc::new(key)))
    }

    fn read(file: File, path: &Path) -> Result<Self, SealError> {
        let known = file.metadata().map_err(|error| wrong(path, &error))?;
        if known.mode() & 0o077 != 0 {
            return Err(SealError::Open(path.display().to_string()));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES.saturating_add(1)));
        let most = u64::try_from(KEY_BYTES)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        file.take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(path, &error))?;
        let mut key: [u8; KEY_BYTES] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Length(path.display().to_string()))?;
        let seal = Self::of(&key);
        key.zeroize();
        seal
    }

    /// Written under another name first, so that a key that was cut off is never taken for one.
    fn make(path: &Path) -> Result<Self, SealError> {
        let mut key = [0_u8; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| SealError::Chance)?;
        let beside = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&key)?;
            file.sync_all()?;
            // A link does not replace a key that another process made in between.
            std::fs::hard_link(&beside, path)?;
            std::fs::remove_file(&beside)
        };
        let written = write();
        let seal = Self::of(&key);
        key.zeroize();
        match written {
            Ok(()) => seal,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let file = File::open(path).map_err(|error| wrong(path, &error))?;
                Self::read(file, path)
            }
            Err(error) => Err(wrong(path, &error)),
        }
    }

    /// Seals a secret for one place.
    pub(super) fn seal(&self, secret: &[u8], place: &str) -> Result<Vec<u8>, SealError> {
        let mut text = Zeroizing::new(secret.to_vec());
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut *text)
            .map_err(|_| SealError::Chance)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    pub(super) fn open(&self, sealed: &[u8], place: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, text) = sealed
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::Wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Wrong)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut text)
            .map_err(|_| SealError::Wrong)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

fn wrong(path: &Path, error: &std::io::Error) -> SealError {
    SealError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

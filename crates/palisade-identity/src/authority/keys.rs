//! Where an authority keeps its keys: a store replaces the whole only if nobody else did.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

/// The keys of an authority as a store keeps them.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKeys {
    /// Grows with every change, from 1.
    pub version: u64,
    /// The whole, with private keys; a secret.
    pub content: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKeys")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Stored,
    /// Somebody else stored another one before; nothing was changed.
    Conflict,
}

/// Why a store did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Away for now; worth trying again.
    #[error("the keys of the authority cannot be reached: {0}")]
    Unreachable(String),
    /// What is stored cannot be used, and is left as it is.
    #[error("the keys of the authority cannot be used: {0}")]
    Broken(String),
}

/// The answer of a store.
pub type Keeping<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeysError>> + Send + 'a>>;

/// Keeps the keys of one authority.
pub trait Keys: Send + Sync + 'static {
    /// What is stored; `None` before the first time.
    fn load(&self) -> Keeping<'_, Option<StoredKeys>>;

    /// Replaces what is stored, all or nothing, if its version is still `before`; 0 means that
    /// nothing is stored yet.
    fn save<'a>(&'a self, before: u64, keys: &'a StoredKeys) -> Keeping<'a, Saved>;
}

/// Keys that end with the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryKeys(Arc<Mutex<Option<StoredKeys>>>);

impl Keys for MemoryKeys {
    fn load(&self) -> Keeping<'_, Option<StoredKeys>> {
        Box::pin(async {
            Ok(self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone())
        })
    }

    fn save<'a>(&'a self, before: u64, keys: &'a StoredKeys) -> Keeping<'a, Saved> {
        Box::pin(async move {
            let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if stored.as_ref().map_or(0, |stored| stored.version) != before {
                return Ok(Saved::Conflict);
            }
            *stored = Some(keys.clone());
            Ok(Saved::Stored)
        })
    }
}

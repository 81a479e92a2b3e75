//! The authority's keys: one sealed whole that is replaced only if nobody else did.

use sqlx::{Row as _, query};
use zeroize::Zeroizing;

use super::{Store, StoreError};
use crate::authority::{Keeping, Keys, KeysError, Saved, StoredKeys};

/// Sealed for this place alone.
const PLACE: &str = "authority";

impl Store {
    /// The keys and their version, if there are any yet.
    ///
    /// # Errors
    /// The database does not answer, or the keys do not open.
    pub async fn keys(&self) -> Result<Option<(i64, Zeroizing<Vec<u8>>)>, StoreError> {
        let row = query("SELECT version, content FROM keys WHERE id = 1")
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let sealed: Vec<u8> = row.try_get(1)?;
        Ok(Some((row.try_get(0)?, self.seal.open(&sealed, PLACE)?)))
    }

    /// A secret that all servers share: the one that is there, or this one if there is none.
    ///
    /// # Errors
    /// The database does not answer, or the secret does not open.
    pub async fn secret(&self, name: &str, new: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        query("INSERT INTO secrets (name, content) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(self.seal.seal(new, name)?)
            .execute(&self.pool)
            .await?;
        let row = query("SELECT content FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await?;
        let sealed: Vec<u8> = row.try_get(0)?;
        Ok(self.seal.open(&sealed, name)?)
    }

    /// Replaces the keys of version `before`, where 0 means that there are none yet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another server replaced them first.
    pub async fn replace_keys(
        &self,
        before: i64,
        version: i64,
        content: &[u8],
    ) -> Result<(), StoreError> {
        let sealed = self.seal.seal(content, PLACE)?;
        let mut work = self.begin().await?;
        let revision = self.raise(None, &mut work).await?;
        let asked = if before == 0 {
            "INSERT INTO keys (id, version, content) SELECT 1, $1, $2
             WHERE $3 = 0 ON CONFLICT (id) DO NOTHING"
        } else {
            "UPDATE keys SET version = $1, content = $2 WHERE id = 1 AND version = $3"
        };
        let done = query(asked)
            .bind(version)
            .bind(sealed)
            .bind(before)
            .execute(&mut *work)
            .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Conflict);
        }
        work.commit().await?;
        self.saw(revision);
        Ok(())
    }
}

impl Keys for Store {
    fn load(&self) -> Keeping<'_, Option<StoredKeys>> {
        Box::pin(async {
            let Some((version, content)) = self.keys().await.map_err(told)? else {
                return Ok(None);
            };
            let version = u64::try_from(version).map_err(|_| beyond())?;
            Ok(Some(StoredKeys { version, content }))
        })
    }

    fn save<'a>(&'a self, before: u64, keys: &'a StoredKeys) -> Keeping<'a, Saved> {
        Box::pin(async move {
            let before = i64::try_from(before).map_err(|_| beyond())?;
            let version = i64::try_from(keys.version).map_err(|_| beyond())?;
            match self.replace_keys(before, version, &keys.content).await {
                Ok(()) => Ok(Saved::Stored),
                Err(StoreError::Conflict) => Ok(Saved::Conflict),
                Err(error) => Err(told(error)),
            }
        })
    }
}

fn beyond() -> KeysError {
    KeysError::Broken("their version is no number that a store keeps".to_owned())
}

fn told(error: StoreError) -> KeysError {
    match error {
        StoreError::Damaged(_) | StoreError::Seal(_) | StoreError::Newer => {
            KeysError::Broken(error.to_string())
        }
        other => KeysError::Unreachable(other.to_string()),
    }
}

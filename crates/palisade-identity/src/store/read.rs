//! Reading state: everything, in the order of ids.

use sqlx::any::AnyRow;
use sqlx::{Row as _, query};

use super::{KeptAgent, KeptBundle, KeptEntry, Store, StoreError, moment};

impl Store {
    /// All entries that were pushed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn entries(&self) -> Result<Vec<KeptEntry>, StoreError> {
        let rows = query("SELECT name, document, changed FROM entries ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        let read = |row: &AnyRow| {
            Ok(KeptEntry {
                name: row.try_get(0)?,
                document: row.try_get(1)?,
                changed: moment(row.try_get(2)?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// All agents that were attested.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn agents(&self) -> Result<Vec<KeptAgent>, StoreError> {
        let rows = query(
            "SELECT id, method, attributes, public_key, attested, expires, banned
             FROM agents ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(agent).collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn agent(&self, id: &str) -> Result<Option<KeptAgent>, StoreError> {
        let row = query(
            "SELECT id, method, attributes, public_key, attested, expires, banned
             FROM agents WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(agent).transpose()
    }

    /// All foreign bundles.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn bundles(&self) -> Result<Vec<KeptBundle>, StoreError> {
        let rows =
            query("SELECT trust_domain, document, changed FROM bundles ORDER BY trust_domain")
                .fetch_all(&self.pool)
                .await?;
        let read = |row: &AnyRow| {
            Ok(KeptBundle {
                trust_domain: row.try_get(0)?,
                document: row.try_get(1)?,
                changed: moment(row.try_get(2)?)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn agent(row: &AnyRow) -> Result<KeptAgent, StoreError> {
    Ok(KeptAgent {
        id: row.try_get(0)?,
        method: row.try_get(1)?,
        attributes: row.try_get(2)?,
        public_key: row.try_get(3)?,
        attested: moment(row.try_get(4)?)?,
        expires: moment(row.try_get(5)?)?,
        banned: row.try_get::<i64, _>(6)? != 0,
    })
}

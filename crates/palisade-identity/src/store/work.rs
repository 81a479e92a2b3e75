//! Transactions whose connection is not used again unless they ended as they should.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, query};

use super::{Engine, Store, StoreError};

/// A transaction. When it is dropped before it was committed, its connection is closed: a database
/// that failed in the middle (SQLite on a full disk ends the transaction by itself) leaves no
/// connection behind whose state nobody knows.
pub(super) struct Work {
    connection: PoolConnection<Any>,
    is_committed: bool,
}

impl Store {
    pub(super) async fn begin(&self) -> Result<Work, StoreError> {
        let mut work = Work {
            connection: self.pool.acquire().await?,
            is_committed: false,
        };
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        query(begin).execute(&mut *work).await?;
        Ok(work)
    }
}

impl Work {
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        query("COMMIT").execute(&mut *self).await?;
        self.is_committed = true;
        Ok(())
    }
}

impl Deref for Work {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.is_committed {
            self.connection.close_on_drop();
        }
    }
}

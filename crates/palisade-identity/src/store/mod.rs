//! What a server must not forget: keys, entries, agents, join tokens, bundles, evidence.
//!
//! SQLite on one machine and PostgreSQL for several servers stand behind the same queries. Every
//! change of state is one transaction that raises the revision; whoever says which revision it
//! has seen loses against another server that was faster, and reads again.

mod change;
mod database;
mod error;
mod evidence;
mod keys;
mod read;
mod seal;
mod tokens;
mod watch;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::AnyPool;
use sqlx::any::AnyRow;
use sqlx::{Row as _, query};
use tokio::sync::watch::{Receiver, Sender};

pub use change::Change;
pub use database::Location;
pub use error::StoreError;
pub use evidence::{KeptEvidence, MOST_EVIDENCE, NewEvidence};
pub use seal::{Seal, SealError};
pub use tokens::JoinToken;

/// A place for state that outlives the process.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    seal: Seal,
    /// The newest revision that was seen.
    seen: Sender<i64>,
    /// Ends when the last clone goes; holds the lock of an embedded database.
    _open: Arc<database::Open>,
}

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

/// An entry that was pushed rather than read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEntry {
    /// Its name.
    pub name: String,
    /// The entry as written.
    pub document: String,
    /// When it was pushed.
    pub changed: Timestamp,
}

/// An agent that was attested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAgent {
    /// Its SPIFFE ID.
    pub id: String,
    /// How it was attested.
    pub method: String,
    /// What was attested of its node, as JSON.
    pub attributes: String,
    /// The public key that its current document is for: SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// When it was attested last.
    pub attested: Timestamp,
    /// Until when its document is valid.
    pub expires: Timestamp,
    /// Whether it must not come back.
    pub banned: bool,
}

/// A foreign trust domain's bundle as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBundle {
    /// Whose it is.
    pub trust_domain: String,
    /// The JWKS document.
    pub document: String,
    /// When it was fetched or set.
    pub changed: Timestamp,
}

impl Store {
    /// Opens a database and brings its tables up to date.
    ///
    /// # Errors
    /// It cannot be reached, is damaged, was written by a newer version, or is in use by another
    /// server where only one can be.
    pub async fn open(location: &Location, seal: Seal) -> Result<Self, StoreError> {
        let (pool, engine, open) = database::open(location).await?;
        let (seen, _) = tokio::sync::watch::channel(0);
        let store = Self {
            pool,
            engine,
            seal,
            seen,
            _open: Arc::new(open),
        };
        let revision = store.revision().await?;
        store.saw(revision);
        if let Location::Postgres(url) = location {
            watch::follow(url.clone(), &store);
        }
        Ok(store)
    }

    /// The newest revision that was seen here, now and at every change, whichever server made it.
    pub fn revisions(&self) -> Receiver<i64> {
        self.seen.subscribe()
    }

    /// The revision as it stands in the database.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        let row: AnyRow = query("SELECT revision FROM state WHERE id = 1")
            .fetch_one(&self.pool)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Ends all connections; what was acknowledged is on disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn saw(&self, revision: i64) {
        watch::raise(&self.seen, revision);
    }
}

fn seconds(moment: Timestamp) -> i64 {
    moment.as_second()
}

/// A time out of the database.
fn moment(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_second(seconds)
        .map_err(|_| StoreError::Damaged(format!("{seconds} is not a time")))
}

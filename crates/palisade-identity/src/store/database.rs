//! Opening a database: SQLite in a file or PostgreSQL by its address, with its tables up to date.

use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, SqlSafeStr as _};

use super::{Engine, StoreError};

/// How long a query waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections of one server to PostgreSQL.
const CONNECTIONS: u32 = 8;
/// What is acknowledged is on disk, and readers do not wait for writers.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
     PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";

const SQLITE: &[(i64, &str, &str)] = &[(
    1,
    "begin",
    include_str!("../../migrations/sqlite/0001_begin.sql"),
)];
const POSTGRES: &[(i64, &str, &str)] = &[(
    1,
    "begin",
    include_str!("../../migrations/postgres/0001_begin.sql"),
)];

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file on this machine, for one server.
    Sqlite(PathBuf),
    /// The address of a PostgreSQL database, for one or more servers.
    Postgres(String),
}

impl Location {
    /// Reads `postgres://…`, `sqlite://…` or a path.
    ///
    /// # Errors
    /// Another kind of database.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            None if !text.is_empty() => Ok(Self::Sqlite(PathBuf::from(text))),
            _ => Err(
                "a database is the path of a SQLite file or an address that begins with `postgres://`"
                    .to_owned(),
            ),
        }
    }
}

/// What stays open as long as the store is.
#[derive(Debug)]
pub(super) struct Open {
    _lock: Option<File>,
}

pub(super) async fn open(location: &Location) -> Result<(AnyPool, Engine, Open), StoreError> {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    match location {
        Location::Sqlite(path) => {
            let lock = lock(path)?;
            private(path)?;
            let options = address(&format!("sqlite://{}", escaped(path)))?;
            // A pool tries what fails here until its patience ends.
            let mut first = AnyConnection::connect_with(&options).await?;
            first.execute(SETTINGS).await?;
            first.close().await?;
            let pool = AnyPoolOptions::new()
                // One writer at a time is what SQLite does anyway; here nobody waits in a loop.
                .max_connections(1)
                .acquire_timeout(PATIENCE)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(|connection, _| {
                    Box::pin(async move { connection.execute(SETTINGS).await.map(drop) })
                })
                .connect_with(options)
                .await?;
            migrate(&pool, SQLITE).await?;
            Ok((pool, Engine::Sqlite, Open { _lock: Some(lock) }))
        }
        Location::Postgres(url) => {
            let pool = AnyPoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(PATIENCE)
                .connect_with(address(url)?)
                .await?;
            migrate(&pool, POSTGRES).await?;
            Ok((pool, Engine::Postgres, Open { _lock: None }))
        }
    }
}

/// An address is never repeated in an error: it can hold a password.
fn address(url: &str) -> Result<AnyConnectOptions, StoreError> {
    url.parse().map_err(|error: sqlx::Error| {
        let reason = match error {
            sqlx::Error::Configuration(reason) => reason.to_string(),
            _ => "it is not an address".to_owned(),
        };
        StoreError::Unavailable(format!("its address cannot be read: {reason}"))
    })
}

async fn migrate(
    pool: &AnyPool,
    steps: &[(i64, &'static str, &'static str)],
) -> Result<(), StoreError> {
    let migrations = steps.iter().map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(
            *version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    Ok(Migrator::with_migrations(migrations.collect())
        .run(pool)
        .await?)
}

/// Made before SQLite opens it, so that only the owner can read it.
fn private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path);
    made.map(drop).map_err(|error| wrong(path, &error))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&name)
        .map_err(|error| wrong(&name, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(wrong(&name, &error)),
    }
}

/// A path as part of an address.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

fn wrong(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

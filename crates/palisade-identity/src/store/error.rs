//! Why the store could not do what was asked.

use super::SealError;

/// Why the store could not do what was asked. Nothing of a failed change is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or opened.
    #[error(
        "the database does not answer ({0}): issued documents stay valid; start it again and the change can be repeated"
    )]
    Unavailable(String),
    /// No space is left.
    #[error("the disk of the database is full: nothing was changed; free some space and repeat it")]
    Full,
    /// Another server was faster.
    #[error(
        "another server changed the state at the same time: read it again and repeat the change"
    )]
    Conflict,
    /// What stands in the database makes no sense.
    #[error("the database is damaged ({0}): restore it from a backup")]
    Damaged(String),
    /// The tables are those of a newer version.
    #[error("the database was written by a newer version of palisade: run that version")]
    Newer,
    /// Only one server may use an embedded database.
    #[error(
        "another server uses `{0}`: stop it, choose another --state folder, or let both share a PostgreSQL database with --database"
    )]
    InUse(String),
    /// A file of the store cannot be used.
    #[error("cannot use `{path}`: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A key cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The token is unknown, used or expired.
    #[error(
        "the join token is not known, used already or expired: make a new one with `palisade identity token create`"
    )]
    Token,
    /// The database refused a query.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(told) => {
                classified(told.code().as_deref().unwrap_or_default(), told.message())
            }
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::ColumnNotFound(_) => Self::Damaged(error.to_string()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection in time".to_owned()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Self::Newer,
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// SQLSTATE of PostgreSQL has five characters; SQLite's result codes are numbers whose low byte is
/// the primary code.
fn classified(code: &str, message: &str) -> StoreError {
    if code.len() == 5 {
        return match code {
            "53100" => StoreError::Full,
            "40001" | "40P01" => StoreError::Conflict,
            "XX001" | "XX002" => StoreError::Damaged(message.to_owned()),
            // Connections, shutdowns, too little of something, logins.
            _ if ["08", "57", "53", "28", "3D"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                StoreError::Unavailable(message.to_owned())
            }
            _ => StoreError::Refused(message.to_owned()),
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(13) => StoreError::Full,
        Ok(11 | 26) => StoreError::Damaged(message.to_owned()),
        Ok(5 | 6 | 8 | 10 | 14) => StoreError::Unavailable(message.to_owned()),
        _ => StoreError::Refused(message.to_owned()),
    }
}

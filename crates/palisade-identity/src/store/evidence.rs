//! Evidence: one record for every document that was issued or refused, in the order of issuing.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Row as _, query};

use super::{Store, StoreError, moment, seconds};

/// The most records of one answer.
const MOST: i64 = 10_000;

/// A record to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// When.
    pub at: Timestamp,
    /// The identity that was issued, or what was refused.
    pub subject: String,
    /// The record as JSON.
    pub record: String,
}

/// A record that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvidence {
    /// Grows with every record.
    pub number: i64,
    /// What was kept.
    pub evidence: NewEvidence,
}

impl Store {
    /// Keeps records, all or none. They do not raise the revision.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no space, or the database does not answer.
    pub async fn record(&self, records: &[NewEvidence]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for new in records {
            query("INSERT INTO evidence (at, subject, record) VALUES ($1, $2, $3)")
                .bind(seconds(new.at))
                .bind(&new.subject)
                .bind(&new.record)
                .execute(&mut *work)
                .await?;
        }
        work.commit().await
    }

    /// Records after a number, oldest first; of one subject if one is given.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn evidence(
        &self,
        after: i64,
        subject: Option<&str>,
    ) -> Result<Vec<KeptEvidence>, StoreError> {
        let asked = "SELECT number, at, subject, record FROM evidence
             WHERE number > $1 AND ($2 = '' OR subject = $2) ORDER BY number LIMIT $3";
        let rows = query(asked)
            .bind(after)
            .bind(subject.unwrap_or_default())
            .bind(MOST)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(kept).collect()
    }

    /// The last records, oldest first; of one subject if one is given.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn last_evidence(
        &self,
        count: u32,
        subject: Option<&str>,
    ) -> Result<Vec<KeptEvidence>, StoreError> {
        let asked = "SELECT number, at, subject, record FROM evidence
             WHERE $1 = '' OR subject = $1 ORDER BY number DESC LIMIT $2";
        let rows = query(asked)
            .bind(subject.unwrap_or_default())
            .bind(i64::from(count).min(MOST))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().rev().map(kept).collect()
    }

    /// Forgets join tokens that have ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_tokens(&self, now: Timestamp) -> Result<u64, StoreError> {
        let done = query("DELETE FROM tokens WHERE expires < $1")
            .bind(seconds(now))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }

    /// Forgets records older than a moment, and says how many.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_evidence(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = query("DELETE FROM evidence WHERE at < $1")
            .bind(seconds(before))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }
}

fn kept(row: &AnyRow) -> Result<KeptEvidence, StoreError> {
    Ok(KeptEvidence {
        number: row.try_get(0)?,
        evidence: NewEvidence {
            at: moment(row.try_get(1)?)?,
            subject: row.try_get(2)?,
            record: row.try_get(3)?,
        },
    })
}

//! Evidence: one record for every document that was issued or refused, in the order of issuing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Row as _, query};

use super::{Store, StoreError, moment, seconds};

/// The most records of one answer.
pub const MOST_EVIDENCE: u32 = 10_000;

/// A record to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

    /// At most so many records, oldest first: those after a number, or the last ones; of one
    /// subject if one is given.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn evidence(
        &self,
        after: Option<i64>,
        count: u32,
        subject: Option<&str>,
    ) -> Result<Vec<KeptEvidence>, StoreError> {
        let asked = match after {
            Some(_) => {
                "SELECT number, at, subject, record FROM evidence
                 WHERE number > $1 AND ($2 = '' OR subject = $2) ORDER BY number LIMIT $3"
            }
            None => {
                "SELECT number, at, subject, record FROM evidence
                 WHERE number > $1 AND ($2 = '' OR subject = $2) ORDER BY number DESC LIMIT $3"
            }
        };
        let rows = query(asked)
            .bind(after.unwrap_or(i64::MIN))
            .bind(subject.unwrap_or_default())
            .bind(i64::from(count.min(MOST_EVIDENCE)))
            .fetch_all(&self.pool)
            .await?;
        let mut records = rows.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        if after.is_none() {
            records.reverse();
        }
        Ok(records)
    }

    /// How many records at the beginning of these are kept already, of which a first part may be.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn known_evidence(&self, records: &[NewEvidence]) -> Result<usize, StoreError> {
        let (mut known, mut unknown) = (0, records.len());
        while let Some(record) = records.get(known..unknown).and_then(middle) {
            let rows = query(
                "SELECT 1 FROM evidence WHERE at = $1 AND subject = $2 AND record = $3 LIMIT 1",
            )
            .bind(seconds(record.at))
            .bind(&record.subject)
            .bind(&record.record)
            .fetch_all(&self.pool)
            .await?;
            let half = known.midpoint(unknown);
            if rows.is_empty() {
                unknown = half;
            } else {
                known = half.saturating_add(1);
            }
        }
        Ok(known)
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

/// The record in the middle, which a search looks at next.
fn middle(records: &[NewEvidence]) -> Option<&NewEvidence> {
    records.get(records.len() / 2)
}

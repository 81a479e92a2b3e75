//! Changes of state: all of one call or none.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Row as _, query};

use super::work::Work;
use super::{Engine, JoinToken, KeptAgent, KeptBundle, KeptEntry, Store, StoreError, seconds};

/// The channel on which servers that share PostgreSQL tell each other.
pub(super) const CHANNEL: &str = "palisade_identity";

/// One change of state.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds an entry, or replaces the one with its name.
    PutEntry(KeptEntry),
    /// Forgets an entry.
    DropEntry(String),
    /// Adds an agent, or replaces the one with its id.
    PutAgent(KeptAgent),
    /// Forgets an agent, which may then be attested anew.
    DropAgent(String),
    /// Keeps a join token that was made.
    PutToken(JoinToken),
    /// Adds or replaces a foreign bundle.
    PutBundle(KeptBundle),
    /// Forgets a foreign bundle.
    DropBundle(String),
}

impl Store {
    /// Makes all changes or none, and gives the new revision.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when `seen` is given and is no longer the newest revision.
    pub async fn change(&self, seen: Option<i64>, changes: &[Change]) -> Result<i64, StoreError> {
        let mut work = self.begin().await?;
        let revision = self.raise(seen, &mut work).await?;
        for change in changes {
            asked(change).execute(&mut *work).await?;
        }
        work.commit().await?;
        self.saw(revision);
        Ok(revision)
    }

    /// Says until when an agent's document is valid now. Nobody else needs to know at once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn renewed(&self, agent: &KeptAgent) -> Result<(), StoreError> {
        query("UPDATE agents SET attested = $1, expires = $2 WHERE id = $3")
            .bind(seconds(agent.attested))
            .bind(seconds(agent.expires))
            .bind(&agent.id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Raises the revision, which locks its row: from here on this is the only change. PostgreSQL
    /// tells the others when, and only when, the transaction is committed.
    pub(super) async fn raise(
        &self,
        seen: Option<i64>,
        work: &mut Work,
    ) -> Result<i64, StoreError> {
        let raised = "UPDATE state SET revision = revision + 1 WHERE id = 1
             AND ($1 < 0 OR revision = $1) RETURNING revision";
        let row = query(raised)
            .bind(seen.unwrap_or(-1))
            .fetch_optional(&mut **work)
            .await?
            .ok_or(StoreError::Conflict)?;
        let revision: i64 = row.try_get(0)?;
        if self.engine == Engine::Postgres {
            query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(revision.to_string())
                .execute(&mut **work)
                .await?;
        }
        Ok(revision)
    }
}

/// A query with its values.
type Asked<'q> = Query<'q, Any, AnyArguments>;

fn asked(change: &Change) -> Asked<'_> {
    match change {
        Change::PutEntry(entry) => query(
            "INSERT INTO entries (name, document, changed) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET document = excluded.document,
                 changed = excluded.changed",
        )
        .bind(&entry.name)
        .bind(&entry.document)
        .bind(seconds(entry.changed)),
        Change::DropEntry(name) => query("DELETE FROM entries WHERE name = $1").bind(name),
        Change::PutAgent(agent) => put_agent(agent),
        Change::DropAgent(id) => query("DELETE FROM agents WHERE id = $1").bind(id),
        Change::PutToken(token) => {
            query("INSERT INTO tokens (hash, agent, expires) VALUES ($1, $2, $3)")
                .bind(token.hash())
                .bind(&token.agent)
                .bind(seconds(token.expires))
        }
        Change::PutBundle(bundle) => query(
            "INSERT INTO bundles (trust_domain, document, changed) VALUES ($1, $2, $3)
                 ON CONFLICT (trust_domain) DO UPDATE SET document = excluded.document,
                 changed = excluded.changed",
        )
        .bind(&bundle.trust_domain)
        .bind(&bundle.document)
        .bind(seconds(bundle.changed)),
        Change::DropBundle(name) => query("DELETE FROM bundles WHERE trust_domain = $1").bind(name),
    }
}

fn put_agent(agent: &KeptAgent) -> Asked<'_> {
    query(
        "INSERT INTO agents (id, method, attributes, public_key, attested, expires, banned)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET method = excluded.method,
         attributes = excluded.attributes, public_key = excluded.public_key,
         attested = excluded.attested, expires = excluded.expires, banned = excluded.banned",
    )
    .bind(&agent.id)
    .bind(&agent.method)
    .bind(&agent.attributes)
    .bind(agent.public_key.as_slice())
    .bind(seconds(agent.attested))
    .bind(seconds(agent.expires))
    .bind(i64::from(agent.banned))
}

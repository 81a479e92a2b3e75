//! How the keys of an authority change: every change is planned on what is stored, and counts once
//! it is stored itself.

use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::jwt::{self, JwtSigner};
use super::keys::{KeysError, Saved, StoredKeys};
use super::plan::{Step, due};
use super::published::Published;
use super::sign::SignError;
use super::state::{Kind, Record, Stage, State};
use super::x509::{self, X509Signer};
use super::{Authority, AuthorityError, MOST_RECORDS};

/// How often a change is planned anew because another server made one first.
const MOST_CONFLICTS: usize = 16;
/// How many changes can be due at one time.
const MOST_STEPS: usize = 2 * MOST_RECORDS;

/// What signs now.
pub(super) struct Current {
    pub(super) state: State,
    pub(super) x509: Option<X509Signer>,
    pub(super) jwt: Vec<(Kind, JwtSigner)>,
}

impl Current {
    pub(super) fn of(state: State) -> Result<Self, SignError> {
        let domain = &state.trust_domain;
        let (mut x509, mut jwt) = (None, Vec::new());
        let signs = |record: &&Record| record.stage == Stage::Active && record.key.is_some();
        for record in state.records.iter().filter(signs) {
            match record.kind {
                Kind::X509 => x509 = Some(X509Signer::new(domain, record)?),
                kind => jwt.push((kind, JwtSigner::new(domain, record)?)),
            }
        }
        Ok(Self { state, x509, jwt })
    }
}

impl Authority {
    /// Makes a key, which nobody knows yet.
    pub(super) async fn make(&self, kind: Kind) -> Result<Record, AuthorityError> {
        let (settings, upstream) = (self.settings.clone(), self.upstream.load_full());
        let now = self.clock.now();
        let work = move || match kind {
            Kind::X509 => x509::new_authority(&settings, upstream.as_deref(), now),
            kind => jwt::new_authority(kind, &settings, now),
        };
        // An RSA key takes a tenth of a second.
        let made = tokio::task::spawn_blocking(work).await;
        Ok(made.map_err(|_| SignError::Crypto)??)
    }

    /// Changes what is stored; again from the start where another server was first.
    pub(super) async fn change(
        &self,
        edit: impl Fn(&mut State, Timestamp) -> Result<(), AuthorityError>,
    ) -> Result<(), AuthorityError> {
        let _one = self.changing.lock().await;
        for _ in 0..MOST_CONFLICTS {
            let stored = self.load().await?;
            let mut next = stored.clone();
            edit(&mut next, self.clock.now())?;
            if self.replace(&stored, next).await? == Saved::Stored {
                return Ok(());
            }
        }
        Err(AuthorityError::Busy)
    }

    /// Makes every change that is due, one after the other: a key is published by a change of its
    /// own before another change lets it sign.
    pub(super) async fn advance(&self) -> Result<(), AuthorityError> {
        let _one = self.changing.lock().await;
        let (mut conflicts, mut steps) = (0, 0);
        loop {
            let stored = self.load().await?;
            let Some(step) = due(&stored, &self.settings, self.clock.now()) else {
                return self.take(stored);
            };
            let mut next = stored.clone();
            match step {
                Step::Prepare(kind) => add(&mut next, self.make(kind).await?)?,
                Step::Activate(id) => next.activate(&id),
                Step::Drop(id) => next.records.retain(|record| record.id != id),
            }
            match self.replace(&stored, next).await? {
                Saved::Stored => steps += 1,
                Saved::Conflict => conflicts += 1,
            }
            if conflicts > MOST_CONFLICTS || steps > MOST_STEPS {
                return Err(AuthorityError::Busy);
            }
        }
    }

    /// Stores a state in the place of the one that was loaded, and takes it into use.
    async fn replace(&self, stored: &State, mut next: State) -> Result<Saved, AuthorityError> {
        if next == *stored {
            self.take(next)?;
            return Ok(Saved::Stored);
        }
        next.version = stored.version.saturating_add(1);
        let broken = |error: serde_json::Error| KeysError::Broken(error.to_string());
        let keys = StoredKeys {
            version: next.version,
            content: Zeroizing::new(serde_json::to_vec(&next).map_err(broken)?),
        };
        let saved = self.keys.save(stored.version, &keys).await?;
        if saved == Saved::Stored {
            self.take(next)?;
        }
        Ok(saved)
    }

    async fn load(&self) -> Result<State, AuthorityError> {
        let own = self.current.load().state.version;
        let domain = &self.settings.trust_domain;
        let broken = |reason: String| Err(KeysError::Broken(reason).into());
        let Some(stored) = self.keys.load().await? else {
            if own > 0 {
                return broken("the store is empty now; put a copy back".to_owned());
            }
            return Ok(State::new(domain.clone()));
        };
        let state: State = match serde_json::from_slice(&stored.content) {
            Ok(state) => state,
            // The error of the parser could quote a key.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return broken(format!("what is stored does not read at {line}:{column}"));
            }
        };
        if state.trust_domain != *domain {
            let other = &state.trust_domain;
            return broken(format!(
                "they belong to trust domain `{other}`, not `{domain}`"
            ));
        }
        if state.version != stored.version || state.version < own {
            return broken(format!(
                "the store is at version {} although version {own} is in use; put the newer one \
                 back",
                state.version
            ));
        }
        Ok(state)
    }

    /// Uses a state, and tells everybody if it is another one.
    fn take(&self, state: State) -> Result<(), AuthorityError> {
        if self.current.load().state.version == state.version {
            return Ok(());
        }
        let published = Arc::new(Published::of(&state, &self.settings));
        let current = Current::of(state)?;
        // INVARIANT: who reads the bundle after it got a document finds the key that signed it.
        self.published.send_replace(published);
        self.current.store(Arc::new(current));
        Ok(())
    }
}

/// Adds a key; where there is no room, the first of the revoked ones is forgotten.
pub(super) fn add(state: &mut State, record: Record) -> Result<(), AuthorityError> {
    if state.records.len() >= MOST_RECORDS {
        let revoked = |known: &Record| known.stage == Stage::Revoked;
        let place = state.records.iter().position(revoked);
        state.records.remove(place.ok_or(AuthorityError::Full)?);
    }
    state.records.push(record);
    Ok(())
}

pub(super) fn unknown(id: &str) -> AuthorityError {
    AuthorityError::Unknown(id.chars().take(64).collect())
}

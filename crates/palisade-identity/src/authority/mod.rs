//! The authority of a trust domain: its keys, their life, and signing.
//!
//! A key is prepared and published before it signs, signs until the next one does, and stays
//! published until nothing that it signed can be valid. Every change is stored before it counts;
//! several servers may share a store.

mod disk;
mod jwt;
mod keys;
mod life;
mod p256;
mod plan;
mod published;
mod settings;
mod sign;
mod state;
mod upstream;
mod x509;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::sync::{Mutex, Notify, watch};

pub use disk::DiskKeys;
pub use keys::{Keeping, Keys, KeysError, MemoryKeys, Saved, StoredKeys};
pub use plan::{is_rotation_due, rotate_at};
pub use published::{AuthorityInfo, Published};
pub use settings::Settings;
pub use sign::{JwtRequest, SignError, Signed, X509Chain, X509Request};
pub use state::{Kind, Stage};
pub use upstream::{Upstream, UpstreamError};

use self::life::{Current, add, unknown};
use self::state::State;
use self::x509::X509Signer;
use crate::clock::{Clock, plus};
use crate::spiffe::{JwtSvid, X509Svid};

/// The most keys that are kept, all kinds and stages.
const MOST_RECORDS: usize = 64;
/// How often the store is looked at for changes that other servers made.
const LOOK: Duration = Duration::from_secs(5);

/// Why the keys of an authority did not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The settings do not fit together.
    #[error("{0}")]
    Settings(String),
    /// The store did not answer, or holds something else.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A key could not be made or used.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Other servers changed the keys again and again.
    #[error("other servers keep changing the keys; try again")]
    Busy,
    /// More keys than are kept.
    #[error("the authority has {MOST_RECORDS} keys; revoke old ones first")]
    Full,
    /// No key has this id.
    #[error("no key of the authority has the id `{0}`; `palisade identity status` lists them")]
    Unknown(String),
    /// A key in this stage cannot be changed so.
    #[error("{0}")]
    Stage(String),
}

/// How soon a new key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// After it was published as long as settings ask, so that other trust domains know it.
    Published,
    /// At once: other trust domains may refuse new documents until they look again.
    Now,
}

/// The authority of one trust domain.
pub struct Authority {
    settings: Settings,
    keys: Arc<dyn Keys>,
    upstream: ArcSwapOption<Upstream>,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Current>,
    published: watch::Sender<Arc<Published>>,
    /// One change at a time in this process.
    changing: Mutex<()>,
    /// Asks for a look before its time.
    wanted: Notify,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("trust_domain", &self.settings.trust_domain)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Takes the keys of a store into use, and makes them where there are none.
    ///
    /// # Errors
    /// The store does not answer or holds something else, or the settings do not fit.
    pub async fn open(
        settings: Settings,
        keys: Arc<dyn Keys>,
        upstream: Option<Upstream>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthorityError> {
        settings.check().map_err(AuthorityError::Settings)?;
        let state = State::new(settings.trust_domain.clone());
        let published = Arc::new(Published::of(&state, &settings));
        let own = Self {
            current: ArcSwap::from_pointee(Current::of(state)?),
            published: watch::Sender::new(published),
            settings,
            keys,
            upstream: ArcSwapOption::new(upstream.map(Arc::new)),
            clock,
            changing: Mutex::new(()),
            wanted: Notify::new(),
        };
        own.tick().await?;
        Ok(own)
    }

    /// What it was set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Has the next X.509 authorities signed by this one above, such as a renewed one.
    pub fn set_upstream(&self, upstream: Upstream) {
        self.upstream.store(Some(Arc::new(upstream)));
        self.wanted.notify_one();
    }

    /// Tells every change; the first value is there at once.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.published.subscribe()
    }

    /// Signs a document with a key of its own.
    ///
    /// # Errors
    /// What was asked for is wrong, or no key is valid now.
    pub fn sign_x509(&self, request: &X509Request<'_>) -> Result<Signed<X509Svid>, SignError> {
        self.with_x509(|signer, now| signer.sign(request, self.settings.x509_lifetime, now))
    }

    /// Signs a document for the key of a certificate signing request (PKCS#10, DER).
    ///
    /// # Errors
    /// What was asked for is wrong, or no key is valid now.
    pub fn sign_csr(
        &self,
        csr: &[u8],
        request: &X509Request<'_>,
    ) -> Result<Signed<X509Chain>, SignError> {
        let lifetime = self.settings.x509_lifetime;
        self.with_x509(|signer, now| signer.sign_csr(csr, request, lifetime, now))
    }

    /// Signs a token: by RS256 where an audience takes nothing else, by ES256 otherwise.
    ///
    /// # Errors
    /// What was asked for is wrong, or no key is valid now.
    pub fn sign_jwt(&self, request: &JwtRequest<'_>) -> Result<Signed<JwtSvid>, SignError> {
        let rs256 = &self.settings.rs256_audiences;
        let old = request.audiences.iter().find(|name| rs256.contains(name));
        let kind = if old.is_some() {
            Kind::Rs256
        } else {
            Kind::Es256
        };
        if let Some(name) = old.filter(|_| !self.settings.kinds.contains(&kind)) {
            return Err(SignError::Request(format!(
                "`{name}` takes tokens by RS256 only, and this authority keeps no such key"
            )));
        }
        let (current, now) = (self.current.load(), self.clock.now());
        let found = current.jwt.iter().find(|(known, _)| *known == kind);
        let valid = found.filter(|(_, signer)| signer.is_valid(now));
        let (_, signer) = valid.ok_or_else(|| self.not_ready(kind))?;
        Ok(Signed {
            document: signer.sign(request, &self.settings, now)?,
            authority: Arc::clone(&signer.id),
        })
    }

    fn with_x509<T>(
        &self,
        sign: impl FnOnce(&X509Signer, Timestamp) -> Result<T, SignError>,
    ) -> Result<Signed<T>, SignError> {
        let (current, now) = (self.current.load(), self.clock.now());
        let valid = current.x509.as_ref().filter(|signer| signer.is_valid(now));
        let signer = valid.ok_or_else(|| self.not_ready(Kind::X509))?;
        Ok(Signed {
            document: sign(signer, now)?,
            authority: Arc::clone(&signer.id),
        })
    }

    fn not_ready(&self, kind: Kind) -> SignError {
        self.wanted.notify_one();
        SignError::NotReady(kind)
    }

    /// Looks at the store, makes every change that is due and stores it.
    ///
    /// # Errors
    /// The store did not answer; what was in use stays in use.
    pub async fn tick(&self) -> Result<(), AuthorityError> {
        self.advance().await
    }

    /// Ticks until `stop` ends; every failure is told to `failed`, and tried again.
    pub async fn run(&self, stop: impl Future<Output = ()>, failed: impl Fn(&AuthorityError)) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK) => {}
                () = self.wanted.notified() => {}
            }
            if let Err(error) = self.tick().await {
                failed(&error);
                // A caller that asks again and again does not make this spin.
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(Duration::from_millis(250)) => {}
                }
            }
        }
    }

    /// Replaces the key of a kind before its time. The new key is published before it signs.
    ///
    /// # Errors
    /// The store did not answer, or there are too many keys.
    pub async fn rotate(&self, kind: Kind, urgency: Urgency) -> Result<(), AuthorityError> {
        self.prepare(kind, urgency).await?;
        self.tick().await
    }

    /// Publishes the next key of a kind and says when it is to sign.
    async fn prepare(&self, kind: Kind, urgency: Urgency) -> Result<(), AuthorityError> {
        let made = self.make(kind).await?;
        self.change(|state, now| {
            let due = match urgency {
                Urgency::Now => now,
                Urgency::Published => plus(now, self.settings.publish_ahead),
            };
            if state.in_stage(kind, Stage::Prepared).is_none() {
                add(state, made.clone())?;
            }
            for record in &mut state.records {
                if record.kind == kind && record.stage == Stage::Prepared {
                    record.forced = Some(record.forced.map_or(due, |known| known.min(due)));
                }
            }
            Ok(())
        })
        .await
    }

    /// Has every document of this key replaced at once. A key that signs is replaced first.
    ///
    /// # Errors
    /// No key has this id, it is in a stage that does not fit, or the store did not answer.
    pub async fn taint(&self, id: &str) -> Result<(), AuthorityError> {
        let kind = self.info(id)?;
        if kind.stage == Stage::Active {
            self.rotate(kind.kind, Urgency::Now).await?;
        }
        self.change_stage(id, Stage::Tainted, |stage| match stage {
            Stage::Old | Stage::Tainted => Ok(()),
            Stage::Prepared => Err("is only prepared and has signed nothing; revoke it"),
            Stage::Active => Err("signs again; try again"),
            Stage::Revoked => Err("is revoked already"),
        })
        .await
    }

    /// Takes a key out of the bundle: nothing that it signed is valid any more.
    ///
    /// # Errors
    /// No key has this id, it signs, or the store did not answer.
    pub async fn revoke(&self, id: &str) -> Result<(), AuthorityError> {
        self.info(id)?;
        self.change_stage(id, Stage::Revoked, |stage| match stage {
            Stage::Active => Err("signs now; taint it first, which puts another in its place"),
            _ => Ok(()),
        })
        .await
    }

    fn info(&self, id: &str) -> Result<AuthorityInfo, AuthorityError> {
        let published = self.published.borrow();
        let found = published.authorities.iter().find(|info| info.id == id);
        found.cloned().ok_or_else(|| unknown(id))
    }

    async fn change_stage(
        &self,
        id: &str,
        to: Stage,
        allowed: impl Fn(Stage) -> Result<(), &'static str>,
    ) -> Result<(), AuthorityError> {
        self.change(|state, _| {
            let record = state.find_mut(id).ok_or_else(|| unknown(id))?;
            allowed(record.stage)
                .map_err(|reason| AuthorityError::Stage(format!("the key `{id}` {reason}")))?;
            record.stage = to;
            record.key = None;
            Ok(())
        })
        .await
    }
}

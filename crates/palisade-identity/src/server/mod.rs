//! The server: joins the authority, entries and the store, and issues.
//!
//! It signs from memory. While the database is away documents are still issued; their evidence
//! waits, and only when more waits than is kept does issuing stop.

mod federating;
mod ledger;
mod local;
#[cfg(target_os = "linux")]
mod own;
mod pushed;
mod sources;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub(crate) use self::ledger::Ledger;
pub use self::ledger::LedgerState;
pub(crate) use self::local::Local;
pub use self::pushed::{Effect, MOST_PUSHED, PushError, Pushed, Replaced};
use self::sources::Sources;
pub use self::sources::WrongEntry;
use crate::admin::OutageStatus;
use crate::authority::{self, Authority, AuthorityError, Published, Upstream};
use crate::entries::{Compiled, Entries, EntriesError, Entry, Facts};
use crate::evidence::{EvidenceLog, Spool, SpoolError};
use crate::issuing::{Engine, World};
#[cfg(target_os = "linux")]
pub use crate::nodes::Cluster;
pub use crate::nodes::{NodeProofs, Nodes, NodesError, Pin};
use crate::spiffe::{Bundle, Bundles, IdError, JwtSvid, SpiffeId, TrustDomain};
use crate::store::{Change, KeptAgent, KeptBundle, NewEvidence, Store, StoreError};
use crate::{Answer, Attributes, Clock, Holdings, Issuer};

/// Where the ids of agents begin.
pub(crate) const AGENTS: &str = "/palisade/agent/";

/// How long evidence is kept.
const EVIDENCE_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Why a server cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What keeps evidence until the store has it cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Entries cannot be used together.
    #[error(transparent)]
    Entries(#[from] EntriesError),
    /// What stands in the store is not an entry.
    #[error("entry `{name}` in the database does not read: {reason}")]
    Pushed {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// A foreign bundle cannot be used.
    #[error("the bundle of `{trust_domain}` does not read: {reason}")]
    Bundle {
        /// Whose.
        trust_domain: String,
        /// Why.
        reason: String,
    },
}

/// What a server is made of.
pub struct Parts {
    /// How long keys and documents live.
    pub authority: authority::Settings,
    /// The authority above the own one, if there is one.
    pub upstream: Option<Upstream>,
    /// Where state is kept.
    pub store: Store,
    /// What conditions of entries are judged by.
    pub facts: Arc<dyn Facts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Takes every record of evidence beside the store, if there is one.
    pub log: Option<EvidenceLog>,
    /// Keeps evidence until the store has it, if there is one; without it, what waits ends with the
    /// process.
    pub spool: Option<Spool>,
    /// Told what goes wrong in the background, in a sentence.
    pub say: Say,
}

/// Takes sentences for people.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Issues for one trust domain.
pub struct Server {
    pub(crate) engine: Engine<Local>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) store: Store,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    sources: Mutex<Sources>,
    reloading: tokio::sync::Mutex<()>,
    /// Agents that were attested, by id.
    agents: ArcSwap<BTreeMap<String, KeptAgent>>,
    #[cfg(target_os = "linux")]
    own: own::Last,
    say: Say,
}

impl Server {
    /// Opens the authority and reads what the store holds. Nobody has an entry yet, except by what
    /// was pushed.
    ///
    /// # Errors
    /// The store does not answer, or holds something else.
    pub async fn open(parts: Parts) -> Result<Self, ServerError> {
        let trust_domain = parts.authority.trust_domain.clone();
        let keys = Arc::new(parts.store.clone());
        let clock = Arc::clone(&parts.clock);
        let opened = Authority::open(parts.authority, keys, parts.upstream, Arc::clone(&clock));
        let authority = Arc::new(opened.await?);
        let ledger = Arc::new(Ledger::new(parts.log, parts.spool));
        ledger.take_over(clock.now(), &parts.store).await?;
        let local = Local {
            authority: Arc::clone(&authority),
            ledger: Arc::clone(&ledger),
            clock: Arc::clone(&clock),
        };
        let entries = Entries::none(trust_domain);
        let server = Self {
            engine: Engine::new(local, entries, parts.facts, Arc::clone(&clock)),
            authority,
            store: parts.store,
            ledger,
            clock,
            sources: Mutex::new(Sources::default()),
            reloading: tokio::sync::Mutex::default(),
            agents: ArcSwap::default(),
            #[cfg(target_os = "linux")]
            own: own::Last::default(),
            say: parts.say,
        };
        server.reload().await?;
        Ok(server)
    }

    /// Whose documents it signs.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.authority.settings().trust_domain
    }

    /// The authority.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The entries in force.
    pub fn entries(&self) -> Arc<Entries> {
        self.engine.entries()
    }

    /// How many callers hold something now.
    pub fn held(&self) -> usize {
        self.engine.held()
    }

    /// How long callers could go on if this server stopped now.
    pub fn outage(&self) -> OutageStatus {
        self.engine.outage(self.authority.settings().x509_lifetime)
    }

    /// An agent that was attested.
    pub(crate) fn agent(&self, id: &str) -> Option<KeptAgent> {
        self.agents.load().get(id).cloned()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The id of an agent by its name.
    ///
    /// # Errors
    /// The name cannot be part of an id.
    pub fn agent_id(&self, name: &str) -> Result<SpiffeId, IdError> {
        self.trust_domain().with_path(&format!("{AGENTS}{name}"))
    }

    /// Keeps another record of evidence, as JSON; no secret is in it.
    pub fn keep(&self, subject: &str, record: &serde_json::Value) {
        self.ledger.keep(NewEvidence {
            at: self.clock.now(),
            subject: subject.to_owned(),
            record: record.to_string(),
        });
    }

    /// Keeps a record of something that was refused: once a minute for what is the same, and only
    /// while there is room.
    pub fn keep_refusal(&self, subject: &str, record: &serde_json::Value, of: &[&str]) {
        let record = NewEvidence {
            at: self.clock.now(),
            subject: subject.to_owned(),
            record: record.to_string(),
        };
        self.ledger.refuse_text(record, of);
    }

    /// Whether evidence of another document can be kept.
    ///
    /// # Errors
    /// It cannot: nothing may be issued then.
    pub fn admit(&self) -> Result<(), crate::Refusal> {
        self.ledger.admit()
    }

    /// How evidence is kept.
    pub fn ledger(&self) -> LedgerState {
        self.ledger.state()
    }

    /// Puts entry files in force, in the place of those before. Whoever holds something is told at
    /// once.
    ///
    /// # Errors
    /// They cannot be used together; those before stay in force.
    pub fn set_files(&self, files: Compiled) -> Result<(), ServerError> {
        let mut sources = self.sources();
        let next = Sources {
            files: files.entries,
            rules: files.rules,
            ..sources.clone()
        };
        self.join(&mut sources, next)
    }

    /// Pushed entries that are not in force because files of this server say otherwise.
    pub fn left_out(&self) -> Vec<WrongEntry> {
        self.sources().left_out.clone()
    }

    fn join(&self, sources: &mut Sources, mut next: Sources) -> Result<(), ServerError> {
        let entries = next.join(self.trust_domain())?;
        let new = next.left_out.iter();
        for WrongEntry { name, message } in new.filter(|one| !sources.left_out.contains(one)) {
            (self.say)(&format!(
                "the pushed entry `{name}` is not in force: {message}"
            ));
        }
        *sources = next;
        self.engine.set_entries(entries);
        Ok(())
    }

    /// Keeps a foreign trust domain's bundle and tells it to everybody who federates with it.
    ///
    /// # Errors
    /// The store does not answer; nothing has changed then.
    pub async fn set_bundle(&self, bundle: &Bundle) -> Result<(), ServerError> {
        let kept = KeptBundle {
            trust_domain: bundle.trust_domain.name().to_owned(),
            document: bundle.to_jwks().to_string(),
            changed: self.clock.now(),
        };
        self.store.change(None, &[Change::PutBundle(kept)]).await?;
        self.reload().await
    }

    /// Forgets a foreign trust domain's bundle.
    ///
    /// # Errors
    /// The store does not answer; nothing has changed then.
    pub async fn drop_bundle(&self, trust_domain: &TrustDomain) -> Result<(), ServerError> {
        let change = Change::DropBundle(trust_domain.name().to_owned());
        self.store.change(None, &[change]).await?;
        self.reload().await
    }

    /// Reads again what the store holds: what other servers changed takes effect here.
    ///
    /// # Errors
    /// The store does not answer, or what it holds cannot be used; what was in force stays so.
    pub async fn reload(&self) -> Result<(), ServerError> {
        // One at a time: what was read first must not be put in force last.
        let _one = self.reloading.lock().await;
        self.authority.tick().await?;
        let pushed = sources::pushed(&self.store.entries().await?)?;
        let federated = sources::bundles(&self.store.bundles().await?)?;
        let agents = self.store.agents().await?.into_iter();
        let agents: BTreeMap<String, KeptAgent> =
            agents.map(|agent| (agent.id.clone(), agent)).collect();
        let is_other = **self.agents.load() != agents;
        self.agents.store(Arc::new(agents));
        if is_other {
            self.engine.touch();
        }
        self.take_pushed(pushed)?;
        let published = Arc::clone(&self.authority.subscribe().borrow());
        self.publish(&published, Some(federated));
        Ok(())
    }

    fn take_pushed(&self, pushed: Vec<Arc<Entry>>) -> Result<(), ServerError> {
        let mut sources = self.sources();
        if sources.pushed == pushed {
            return Ok(());
        }
        let next = Sources {
            pushed,
            ..sources.clone()
        };
        self.join(&mut sources, next)
    }

    /// Makes every change that is due now, as [`Server::run`] does when its time comes.
    ///
    /// # Errors
    /// The store does not answer; what was in use stays in use.
    pub async fn tick(&self) -> Result<(), ServerError> {
        self.authority.tick().await?;
        let published = Arc::clone(&self.authority.subscribe().borrow());
        self.publish(&published, None);
        self.engine.refresh().await;
        Ok(())
    }

    /// Serves changes until `stop` is ready; then evidence that waits is written.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let failed = |error: &AuthorityError| (self.say)(&error.to_string());
        let serve = async {
            tokio::select! {
                () = stop => {}
                () = self.authority.run(std::future::pending(), failed) => {}
                () = self.engine.run() => {}
                () = self.follow_authority() => {}
                () = self.follow_store() => {}
                () = self.forget() => {}
            }
            self.ledger.close();
        };
        tokio::join!(serve, self.ledger.run(&self.store, &self.say));
    }

    /// Forgets what is too old to be asked for, once an hour.
    async fn forget(&self) {
        loop {
            tokio::time::sleep(std::time::Duration::from_hours(1)).await;
            let now = self.clock.now();
            // What cannot be forgotten now is forgotten an hour later.
            let _tokens = self.store.forget_tokens(now).await;
            if let Ok(before) = now.checked_sub(EVIDENCE_LIFE) {
                let _records = self.store.forget_evidence(before).await;
            }
        }
    }

    async fn follow_authority(&self) {
        let mut published = self.authority.subscribe();
        while published.changed().await.is_ok() {
            let now = Arc::clone(&published.borrow_and_update());
            self.publish(&now, None);
        }
        std::future::pending::<()>().await;
    }

    async fn follow_store(&self) {
        let mut revisions = self.store.revisions();
        revisions.mark_unchanged();
        while revisions.changed().await.is_ok() {
            if let Err(error) = self.reload().await {
                (self.say)(&error.to_string());
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                revisions.mark_changed();
            }
        }
        std::future::pending::<()>().await;
    }

    fn publish(&self, published: &Published, federated: Option<Bundles>) {
        // One at a time, so that an older world never replaces a newer one.
        let _one = self.sources();
        let known = self.engine.world();
        let federated = federated.unwrap_or_else(|| known.federated.clone());
        let own = Some(Arc::clone(&published.bundle));
        let is_other = known.own != own
            || known.federated != federated
            || known.distrusted != published.distrusted;
        if is_other {
            self.engine.set_world(World {
                own,
                federated,
                distrusted: published.distrusted.clone(),
            });
        }
    }

    fn sources(&self) -> std::sync::MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issuer for Server {
    fn holdings<'a>(
        &'a self,
        caller: &'a Attributes,
    ) -> Answer<'a, watch::Receiver<Arc<Holdings>>> {
        self.engine.holdings(caller)
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        audiences: &'a [String],
        id: Option<&'a SpiffeId>,
    ) -> Answer<'a, Vec<JwtSvid>> {
        self.engine.tokens(caller, audiences, id)
    }

    fn bundles(&self) -> watch::Receiver<Arc<Bundles>> {
        self.engine.bundles()
    }
}

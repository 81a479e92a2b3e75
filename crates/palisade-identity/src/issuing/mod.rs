//! What callers hold and how it stays right: the part that server and agent share.
//!
//! Entries give a caller its grants, a [`Signer`] makes documents for them, and every change of
//! entries, keys or bundles reaches everybody who holds something at once.

mod documents;
mod holders;
mod refresh;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use self::holders::Holders;
use crate::admin::OutageStatus;
use crate::entries::{Entries, Facts, Grant, Resolution};
use crate::spiffe::{Bundles, JwtSvid, X509Svid};
use crate::{Answer, Attributes, Clock, Holdings, Issuer, Refusal, SpiffeId};

/// The longest time between two looks at what is due.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// The most audiences of one token.
const MOST_AUDIENCES: usize = 32;
/// The longest audience, in bytes.
const LONGEST_AUDIENCE: usize = 1024;

/// A document that was made, and what it takes to know when it needs another.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) svid: X509Svid,
    /// The key that signed it.
    pub(crate) authority: Arc<str>,
}

/// One answer for each grant, in order.
pub(crate) type MadeAll<'a> = Pin<Box<dyn Future<Output = Vec<Result<Made, Refusal>>> + Send + 'a>>;

/// Makes documents.
pub(crate) trait Signer: Send + Sync + 'static {
    /// A document with a new key for each grant.
    fn documents<'a>(&'a self, caller: &'a Attributes, grants: &'a [Grant]) -> MadeAll<'a>;

    /// A token for each grant.
    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        grants: &'a [Grant],
        audiences: &'a [String],
    ) -> Answer<'a, Vec<JwtSvid>>;

    /// Takes note of a caller who gets nothing, or not the identity that it asked for.
    fn refused(&self, _caller: &Attributes, _resolution: &Resolution, _asked: Option<&SpiffeId>) {}
}

/// What everybody is told: bundles, and keys whose documents are to be replaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    /// The own bundle.
    pub(crate) own: Option<Arc<crate::spiffe::Bundle>>,
    /// Bundles of other trust domains.
    pub(crate) federated: Bundles,
    /// Keys that are tainted or revoked.
    pub(crate) distrusted: std::collections::BTreeSet<String>,
}

/// Gives callers what entries grant them, and keeps it right.
pub(crate) struct Engine<S> {
    signer: S,
    clock: Arc<dyn Clock>,
    facts: Arc<dyn Facts>,
    entries: ArcSwap<Entries>,
    world: ArcSwap<World>,
    bundles: watch::Sender<Arc<Bundles>>,
    holders: Holders,
    /// Grows with every change of entries or world.
    generation: watch::Sender<u64>,
    /// The generation that everybody's documents follow.
    followed: AtomicU64,
    /// Somebody is to look before the time has come.
    wanted: Notify,
}

impl<S: Signer> Engine<S> {
    pub(crate) fn new(
        signer: S,
        entries: Entries,
        facts: Arc<dyn Facts>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            signer,
            clock,
            facts,
            entries: ArcSwap::from_pointee(entries),
            world: ArcSwap::from_pointee(World::default()),
            bundles: watch::Sender::new(Arc::default()),
            holders: Holders::default(),
            generation: watch::Sender::new(0),
            followed: AtomicU64::new(0),
            wanted: Notify::new(),
        }
    }

    pub(crate) fn signer(&self) -> &S {
        &self.signer
    }

    pub(crate) fn entries(&self) -> Arc<Entries> {
        self.entries.load_full()
    }

    pub(crate) fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// What a caller is granted now, and what is withheld.
    pub(crate) fn resolve(&self, caller: &Attributes) -> Resolution {
        self.entries.load().resolve(caller, &*self.facts)
    }

    /// Changes with every change of entries or world.
    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// How many callers hold something now.
    pub(crate) fn held(&self) -> usize {
        self.holders.len()
    }

    /// Uses other entries from now on; whoever holds something is told at once.
    pub(crate) fn set_entries(&self, entries: Entries) {
        self.entries.store(Arc::new(entries));
        self.changed();
    }

    /// Uses other bundles and keys from now on; whoever holds something is told at once.
    pub(crate) fn set_world(&self, world: World) {
        let mut all = world.federated.clone();
        if let Some(own) = &world.own {
            all.insert(own.trust_domain.clone(), Arc::clone(own));
        }
        self.world.store(Arc::new(world));
        self.bundles.send_if_modified(|bundles| {
            let is_other = **bundles != all;
            if is_other {
                *bundles = Arc::new(all);
            }
            is_other
        });
        self.changed();
    }

    /// Has everybody look again although neither entries nor world changed.
    pub(crate) fn touch(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    fn changed(&self) {
        self.generation.send_modify(|generation| *generation += 1);
        self.wanted.notify_one();
    }

    /// Looks whenever something changed or is due, until dropped.
    pub(crate) async fn run(&self) {
        loop {
            let pause = self.pause();
            tokio::select! {
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            self.refresh().await;
        }
    }

    /// Until something is due, as far as is known. The clock may be turned meanwhile, so never long.
    fn pause(&self) -> std::time::Duration {
        let next = self.holders.next_due();
        let pause = next.map_or(LONGEST_PAUSE, |due| due.duration_since(self.clock.now()));
        if pause.is_negative() {
            // It was due and could not be made.
            return std::time::Duration::from_secs(1);
        }
        let least = SignedDuration::from_millis(50);
        pause.clamp(least, LONGEST_PAUSE).unsigned_abs()
    }

    /// How long callers could go on if no document were made any more.
    pub(crate) fn outage(&self, lifetime: SignedDuration) -> OutageStatus {
        let entries = self.entries.load();
        let shortest = entries.all().iter().filter_map(|entry| entry.x509_lifetime);
        let shortest = shortest
            .filter_map(|life| SignedDuration::try_from(life).ok())
            .min()
            .map_or(lifetime, |shortest| shortest.min(lifetime));
        let first_end = self.holders.first_end();
        OutageStatus {
            first_end,
            seconds: first_end.map(|end| end.duration_since(self.clock.now()).as_secs()),
            // The last document is made after 60 per cent of the life of the one before.
            at_least: shortest.as_secs() * 2 / 5,
            away_since: None,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn hold(&self, caller: &Attributes) -> Result<watch::Receiver<Arc<Holdings>>, Refusal> {
        let generation = *self.generation.borrow();
        if self.followed.load(Ordering::Acquire) != generation {
            // What is held may be of entries that are no longer in force.
            self.refresh_known(caller).await;
        }
        if let Some(known) = self.holders.subscribe(caller) {
            return Ok(known);
        }
        let resolution = self.entries.load().resolve(caller, &*self.facts);
        if resolution.grants.is_empty() {
            self.signer.refused(caller, &resolution, None);
            return Err(Refusal::NoIdentity);
        }
        let grants = resolution.grants;
        let made = self.signer.documents(caller, &grants).await;
        let documents = documents::begin(grants, made)?;
        let holdings = documents::holdings(&documents, &self.world.load());
        let held = self.holders.insert(caller, documents, holdings)?;
        if *self.generation.borrow() != generation {
            // What was just put in was made from what is no longer so.
            self.wanted.notify_one();
        }
        Ok(held)
    }

    async fn make_tokens(
        &self,
        caller: &Attributes,
        audiences: &[String],
        id: Option<&SpiffeId>,
    ) -> Result<Vec<JwtSvid>, Refusal> {
        check_audiences(audiences)?;
        let mut resolution = self.entries.load().resolve(caller, &*self.facts);
        let has_others = resolution.grants.iter().any(|grant| Some(&grant.id) != id);
        let granted = &mut resolution.grants;
        granted.retain(|grant| id.is_none_or(|id| grant.id == *id));
        if granted.is_empty() {
            let asked = id.filter(|_| has_others);
            self.signer.refused(caller, &resolution, asked);
            return Err(Refusal::NoIdentity);
        }
        let mut grants = resolution.grants;
        let refused = grants.iter().find_map(|grant| {
            let audience = audiences.iter().find(|audience| !grant.entry.allows_audience(audience))?;
            Some(format!(
                "entry `{}` gives no token for the audience `{audience}`: add it to `audiences` of the entry",
                grant.entry.name
            ))
        });
        let allows = |grant: &Grant| audiences.iter().all(|one| grant.entry.allows_audience(one));
        grants.retain(allows);
        match refused {
            Some(reason) if grants.is_empty() => Err(Refusal::Request(reason)),
            _ => self.signer.tokens(caller, &grants, audiences).await,
        }
    }
}

impl<S: Signer> Issuer for Engine<S> {
    fn holdings<'a>(
        &'a self,
        caller: &'a Attributes,
    ) -> Answer<'a, watch::Receiver<Arc<Holdings>>> {
        Box::pin(self.hold(caller))
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        audiences: &'a [String],
        id: Option<&'a SpiffeId>,
    ) -> Answer<'a, Vec<JwtSvid>> {
        Box::pin(self.make_tokens(caller, audiences, id))
    }

    fn bundles(&self) -> watch::Receiver<Arc<Bundles>> {
        self.bundles.subscribe()
    }
}

fn check_audiences(audiences: &[String]) -> Result<(), Refusal> {
    let wrong = |reason: &str| Err(Refusal::Request(reason.to_owned()));
    if audiences.is_empty() {
        return wrong("a token needs an audience: name who is to take it");
    }
    if audiences.len() > MOST_AUDIENCES {
        return wrong("a token has at most 32 audiences: ask for several tokens");
    }
    if audiences
        .iter()
        .any(|one| one.is_empty() || one.len() > LONGEST_AUDIENCE)
    {
        return wrong("an audience has between 1 and 1024 bytes");
    }
    Ok(())
}

//! Looks at everybody who holds something and replaces what is no longer right.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::documents::{Document, holdings};
use super::{Engine, Signer, World};
use crate::entries::{Entries, Grant};
use crate::spiffe::Bundles;
use crate::{Attributes, Holdings, Refusal};

/// How many callers are looked at before others get their turn.
const TURN: usize = 16;

/// What a caller is to hold: documents that are kept, and grants that need one.
struct Wish {
    places: Vec<Place>,
    /// Whether anything differs from what is held.
    is_other: bool,
}

/// One place in the order of grants.
enum Place {
    Keep(Document),
    /// Needs a document; the old one serves until it is there, where it may.
    Make(Grant, Option<Document>),
}

/// What all callers are held against.
struct Truth {
    entries: Arc<Entries>,
    world: Arc<World>,
    now: Timestamp,
}

impl<S: Signer> Engine<S> {
    /// Replaces what is due, and what entries, keys and bundles no longer say.
    pub(crate) async fn refresh(&self) {
        let generation = *self.generation.borrow();
        let truth = self.truth();
        let is_over = |documents: &[Document]| {
            documents
                .iter()
                .any(|one| one.is_due(&truth.world, truth.now))
        };
        for (count, (caller, documents)) in self.holders.all(is_over).into_iter().enumerate() {
            if count % TURN == 0 {
                tokio::task::yield_now().await;
            }
            self.refresh_one(&truth, &caller, &documents).await;
        }
        self.followed.store(generation, Ordering::Release);
        if *self.generation.borrow() != generation {
            self.wanted.notify_one();
        }
    }

    /// Replaces what one caller holds, if it holds something and that is no longer right.
    pub(super) async fn refresh_known(&self, caller: &Attributes) {
        if let Some(documents) = self.holders.documents(caller) {
            self.refresh_one(&self.truth(), caller, &documents).await;
        }
    }

    fn truth(&self) -> Truth {
        Truth {
            entries: self.entries.load_full(),
            world: self.world.load_full(),
            now: self.now(),
        }
    }

    async fn refresh_one(&self, truth: &Truth, caller: &Attributes, held: &[Document]) {
        let grants = truth.entries.resolve(caller, &*self.facts).grants;
        let wish = wish(grants, held, truth);
        let known = self.holders.subscribe(caller);
        let told = known.as_ref().map(|held| Arc::clone(&held.borrow()));
        if !wish.is_other && told.is_some_and(|told| is_told(&told, held, &truth.world)) {
            return;
        }
        let documents = self.fulfil(wish, caller, truth).await;
        let holdings = holdings(&documents, &truth.world);
        self.holders.replace(caller, documents, holdings);
    }

    async fn fulfil(&self, wish: Wish, caller: &Attributes, truth: &Truth) -> Vec<Document> {
        let needed = wish.places.iter().filter_map(|place| match place {
            Place::Make(grant, _) => Some(grant.clone()),
            Place::Keep(_) => None,
        });
        let needed: Vec<Grant> = needed.collect();
        let mut made = Vec::new();
        if !needed.is_empty() {
            made = self.signer.documents(caller, &needed).await;
        }
        let mut made = made.into_iter();
        let filled = wish.places.into_iter().filter_map(|place| match place {
            Place::Keep(document) => Some(document),
            Place::Make(grant, old) => match made.next() {
                Some(Ok(new)) => Some(Document::new(grant, new)),
                Some(Err(Refusal::NoIdentity)) => None,
                // Tried again at the next look; until then the old one serves.
                _ => old.filter(|old| old.is_usable(truth.now)),
            },
        });
        filled.collect()
    }
}

fn wish(grants: Vec<Grant>, held: &[Document], truth: &Truth) -> Wish {
    let mut is_other = grants.len() != held.len();
    let mut places = Vec::with_capacity(grants.len());
    for (place, grant) in grants.into_iter().enumerate() {
        let same_place = held.get(place).filter(|old| old.suits(&grant));
        is_other |= same_place.is_none();
        let old = same_place.or_else(|| held.iter().find(|old| old.suits(&grant)));
        match old {
            Some(old) if !old.is_due(&truth.world, truth.now) => {
                is_other |= old.grant.entry.federates_with != grant.entry.federates_with;
                places.push(Place::Keep(old.under(grant)));
            }
            old => {
                is_other = true;
                places.push(Place::Make(grant, old.cloned()));
            }
        }
    }
    Wish { places, is_other }
}

/// Whether what a caller was told last is what the world says now.
fn is_told(told: &Holdings, held: &[Document], world: &World) -> bool {
    let same = |one: &Bundles, other: &Bundles| {
        one.len() == other.len()
            && one
                .iter()
                .zip(other)
                .all(|((_, one), (_, other))| Arc::ptr_eq(one, other))
    };
    let own = match (&told.own, &world.own) {
        (Some(told), Some(own)) => Arc::ptr_eq(told, own),
        (told, own) => told.is_none() && own.is_none(),
    };
    own && same(&told.federated, &holdings(held, world).federated)
}

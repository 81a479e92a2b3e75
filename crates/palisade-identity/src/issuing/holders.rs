//! Everybody who holds something, by what was attested of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use jiff::Timestamp;
use tokio::sync::watch;

use super::documents::Document;
use crate::{Attributes, Holdings, Refusal};

/// The most different callers whose documents are kept.
const MOST: usize = 100_000;

/// One who holds something.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) documents: Arc<[Document]>,
    sender: watch::Sender<Arc<Holdings>>,
}

type Map = HashMap<Arc<Attributes>, Holder, RandomState>;

/// All who hold something. Callers of whom the same was attested share documents.
#[derive(Debug, Default)]
pub(super) struct Holders(Mutex<Map>);

impl Holders {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.map().len()
    }

    /// When the first document is to be replaced.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let map = self.map();
        let all = map.values().flat_map(|holder| holder.documents.iter());
        all.map(Document::rotates_at).min()
    }

    /// When the first document that somebody listens for ends.
    pub(super) fn first_end(&self) -> Option<Timestamp> {
        let map = self.map();
        let used = map
            .values()
            .filter(|holder| holder.sender.receiver_count() > 0);
        let all = used.flat_map(|holder| holder.documents.iter());
        all.map(|document| document.made.svid.not_after).min()
    }

    pub(super) fn subscribe(&self, caller: &Attributes) -> Option<watch::Receiver<Arc<Holdings>>> {
        Some(self.map().get(caller)?.sender.subscribe())
    }

    /// What a caller holds.
    pub(super) fn documents(&self, caller: &Attributes) -> Option<Arc<[Document]>> {
        Some(Arc::clone(&self.map().get(caller)?.documents))
    }

    /// Adds a caller, unless it was added meanwhile: then it shares what is there.
    pub(super) fn insert(
        &self,
        caller: &Attributes,
        documents: Vec<Document>,
        holdings: Holdings,
    ) -> Result<watch::Receiver<Arc<Holdings>>, Refusal> {
        let mut map = self.map();
        if let Some(known) = map.get(caller) {
            return Ok(known.sender.subscribe());
        }
        if map.len() >= MOST {
            map.retain(|_, holder| holder.sender.receiver_count() > 0);
        }
        if map.len() >= MOST {
            let reason = "too many different callers hold identities: try again later";
            return Err(Refusal::Unavailable(reason.to_owned()));
        }
        let (sender, receiver) = watch::channel(Arc::new(holdings));
        let holder = Holder {
            documents: documents.into(),
            sender,
        };
        map.insert(Arc::new(caller.clone()), holder);
        Ok(receiver)
    }

    /// Everybody and what they hold now; who is no longer listened to and `is_over` is forgotten.
    pub(super) fn all(
        &self,
        is_over: impl Fn(&[Document]) -> bool,
    ) -> Vec<(Arc<Attributes>, Arc<[Document]>)> {
        let mut map = self.map();
        map.retain(|_, holder| holder.sender.receiver_count() > 0 || !is_over(&holder.documents));
        map.iter()
            .map(|(caller, holder)| (Arc::clone(caller), Arc::clone(&holder.documents)))
            .collect()
    }

    /// Gives a caller other documents and tells it. With none it is told and forgotten.
    pub(super) fn replace(
        &self,
        caller: &Attributes,
        documents: Vec<Document>,
        holdings: Holdings,
    ) {
        let mut map = self.map();
        let Some(holder) = map.get_mut(caller) else {
            return;
        };
        let is_empty = documents.is_empty();
        holder.documents = documents.into();
        holder.sender.send_replace(Arc::new(holdings));
        if is_empty {
            map.remove(caller);
        }
    }
}

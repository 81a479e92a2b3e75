//! What an agent holds of its server's entries, and how it takes changes.

use std::sync::Arc;

use bytes::Bytes;

use super::{LARGEST_LIST, List};
use crate::TrustDomain;
use crate::entries::MOST_ENTRIES;
use crate::nodes::proto::State;

/// Why a message cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is about another list than the one that is held: the whole is needed.
    OutOfStep,
    /// It makes no sense, in words.
    Broken(String),
}

/// The list of an agent, and the beginning of a state whose end has not come yet.
#[derive(Debug, Default)]
pub(crate) struct Held {
    list: Option<Arc<List>>,
    begun: Option<State>,
}

impl Held {
    /// The digest that the server is asked with; empty when nothing is held.
    pub(crate) fn digest(&self) -> Vec<u8> {
        let digest = self.list.as_ref().map(|list| list.digest().to_vec());
        digest.unwrap_or_default()
    }

    /// Begins with a new stream: what was not whole is forgotten.
    pub(crate) fn begin(&mut self) {
        self.begun = None;
    }

    /// Adds a message to those before it; gives the state once it is whole.
    pub(crate) fn joined(&mut self, part: State) -> Result<Option<State>, Unusable> {
        let mut state = match self.begun.take() {
            None => part,
            Some(mut begun) => {
                begun.more = part.more;
                let whole = begun.entries.get_or_insert_default();
                let part = part.entries.unwrap_or_default();
                whole.removed.extend(part.removed);
                whole.runs.extend(part.runs);
                begun
            }
        };
        if !state.more {
            return Ok(Some(state));
        }
        if !is_within_bounds(&state) {
            return Err(Unusable::Broken("there are too many entries".to_owned()));
        }
        state.more = false;
        self.begun = Some(state);
        Ok(None)
    }

    /// The list after a state; none when the entries are as before.
    pub(crate) fn next(
        &self,
        state: &mut State,
        trust_domain: &TrustDomain,
    ) -> Result<Option<Arc<List>>, Unusable> {
        let Some(change) = state.entries.take() else {
            return match &self.list {
                Some(_) => Ok(None),
                None => Err(Unusable::Broken("no entries are sent".to_owned())),
            };
        };
        let list = List::changed(self.list.as_deref(), trust_domain, change)?;
        Ok(Some(Arc::new(list)))
    }

    /// Holds a list from now on.
    pub(crate) fn hold(&mut self, list: Arc<List>) {
        self.list = Some(list);
    }
}

/// Whether the beginning of a state can still become a list that is taken.
fn is_within_bounds(state: &State) -> bool {
    let Some(entries) = &state.entries else {
        return true;
    };
    // Every run and every name costs memory, however little is in it.
    let (mut count, mut bytes) = (entries.removed.len(), 0_usize);
    for run in &entries.runs {
        count = count.saturating_add(run.entries.len().max(1));
        let texts = run.entries.iter().map(Bytes::len).sum::<usize>();
        bytes = bytes.saturating_add(texts);
    }
    count <= MOST_ENTRIES.saturating_mul(2) && bytes <= LARGEST_LIST
}
